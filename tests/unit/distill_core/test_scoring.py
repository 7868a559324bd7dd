"""The pure-Python scorer of the function agrees with the students to 1e-9, for every link and calibrator."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from distill.calibration import calibrate_binary, calibrate_multiclass
from understudy.contracts.manifest import Identity, Isotonic, ModelRef, Platt, Temperature
from understudy.scoring import apply

SCORES = np.concatenate([np.random.default_rng(0).normal(size=200) * 4, [0.0, -800.0, 800.0, 36.8, -36.8, 1e-12]])
KNOTS = Isotonic(x=[0.0, 0.01, 0.2, 0.2, 0.7, 1.0], y=[0.0, 0.02, 0.1, 0.3, 0.9, 1.0])


@pytest.mark.parametrize("calibrator", [Identity(), Platt(a=0.7, b=-1.3), KNOTS])
def test_binary(calibrator: Identity | Platt | Isotonic) -> None:
    ref = ModelRef(path="m", link="sigmoid", base=[0.25], trees=1, calibrator=calibrator)
    expected = calibrate_binary(SCORES + 0.25, calibrator)
    np.testing.assert_allclose([apply(ref, [z])[0] for z in SCORES], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("calibrator", [Identity(), Temperature(t=2.5), Temperature(t=0.05)])
def test_multiclass(calibrator: Identity | Temperature) -> None:
    base = [-1.0, 0.5, 0.0]
    raw = SCORES[: len(SCORES) // 3 * 3].reshape(-1, 3)
    ref = ModelRef(path="m", link="softmax", base=base, trees=1, calibrator=calibrator)
    expected = calibrate_multiclass(raw + np.array(base), calibrator)
    np.testing.assert_allclose([apply(ref, row) for row in raw.tolist()], expected, rtol=0, atol=1e-9)


def test_regression() -> None:
    ref = ModelRef(path="m", link="identity", base=[0.0], scale=30.0, shift=100.0, trees=1)
    assert apply(ref, [0.5]) == [115.0]


def test_knots_are_met_exactly() -> None:
    ref = ModelRef(path="m", link="sigmoid", base=[0.0], trees=1, calibrator=KNOTS)
    assert apply(ref, [-1000.0]) == [0.0]
    assert apply(ref, [1000.0]) == [1.0]
    assert apply(ref, [np.log(0.7 / 0.3)])[0] == pytest.approx(0.9, abs=1e-12)


@pytest.mark.parametrize(
    ("link", "base", "calibrator", "said"),
    [
        ("sigmoid", [0.0, 0.0], Identity(), "expected 2 raw scores, got 1"),
        ("sigmoid", [0.0], Temperature(t=1.0), "temperature calibrator does not belong"),
        ("softmax", [0.0], Platt(a=1.0, b=0.0), "platt calibrator does not belong"),
        ("identity", [0.0], KNOTS, "isotonic calibrator does not belong"),
    ],
)
def test_what_does_not_fit_is_refused(link: str, base: list[float], calibrator: object, said: str) -> None:
    ref = ModelRef.model_validate(
        {"path": "m", "link": link, "base": base, "trees": 1, "calibrator": calibrator.model_dump()}  # type: ignore[attr-defined]
    )
    with pytest.raises(ValueError, match=said):
        apply(ref, [0.0])


def test_the_scorer_imports_nothing_heavy() -> None:
    code = "import sys, json, understudy.scoring; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert not {"numpy", "scipy", "lightgbm", "sklearn", "pandas", "torch"} & set(loaded)
