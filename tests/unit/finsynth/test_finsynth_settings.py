"""The switches of the generator, as a spec sets them."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from teacher.datasets import load_spec
from teacher.datasets.finsynth import SIGNALS
from teacher.datasets.sources import Tables, open_sources
from teacher.datasets.specs import LoadedSpec
from understudy.errors import UserError
from understudy.progress import Silent


def spec_with(name: str = "finsynth", **generator: Any) -> LoadedSpec:
    loaded = load_spec(name)
    return dataclasses.replace(loaded, spec=loaded.spec.model_copy(update={"generator": generator}))


@contextmanager
def opened(**generator: Any) -> Iterator[Tables]:
    with open_sources(spec_with(**generator), data_dir=None, seed=3, customers=300, progress=Silent()) as tables:
        yield tables


def column(name: str, **generator: Any) -> np.ndarray:
    with opened(**generator) as tables:
        rows = tables.con.execute(f"SELECT {name} FROM base ORDER BY cutoff, customer_id").fetchall()
    return np.array([value for (value,) in rows])


def test_a_spec_switches_a_signal_off() -> None:
    usual = column("p_churn_signal")
    off = column("p_churn_signal", signals=[name for name in SIGNALS if name != "temporal"])
    assert np.array_equal(usual, column("p_churn_signal", signals=list(SIGNALS)))
    assert (usual[:300] != off[:300]).mean() > 0.9


def test_a_spec_sets_the_disparity() -> None:
    even, uneven = (column("p_will_acquire_lending", disparity=knob)[:300] for knob in (0.0, 0.5))
    assert uneven.mean() < 0.6 * even.mean()


@pytest.mark.parametrize(
    ("generator", "named"),
    [({"signals": ["levitation"]}, "signals.0"), ({"disparity": 9}, "disparity"), ({"colour": 1}, "colour")],
)
def test_a_setting_that_does_not_exist_is_refused(generator: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=named), opened(**generator):
        pass


def test_settings_without_a_generated_source_are_refused(tmp_path: Any) -> None:
    loaded = spec_with("credit-default", disparity=0.1)
    with (
        pytest.raises(UserError, match="no source is generated"),
        open_sources(loaded, data_dir=tmp_path, seed=1, customers=None, progress=Silent()),
    ):
        pass
