"""The scripts that measure the leakage gate, at a size that a test can afford."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.fixture(autouse=True)
def _importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def test_the_table_of_noise_has_nothing_to_find_and_the_bar_is_judged() -> None:
    import leakage_gate

    inputs = leakage_gate.noise(300, 7)
    assert inputs.features.shape == (300, len(inputs.fitted.schema.features))
    assert set(inputs.sequences) == {sequence.name for sequence in inputs.spec.sequences}
    run = {"seconds": 12.5, "megabytes": 2048.0, "table_megabytes": 1024.0}
    slow = run | {"seconds": 61.0}
    said = leakage_gate.table({"1000000": [run, run], "10000": [run]})
    assert "| 10,000 | 12.5 (12.5 to 12.5) | 2.00 GiB | 1.00 GiB |  |" in said
    assert "met: under 60 s" in said[-1]
    assert "MISSED" in leakage_gate.table({"1000000": [run, slow]})[-1]


def test_cases_are_judged_and_counted() -> None:
    import leakage_cases
    from _leak_bank import StrangersBank

    def small(bank: StrangersBank) -> None:
        bank.take(np.arange(600))

    def copied(bank: StrangersBank) -> None:
        small(bank)
        bank.add("copy", bank.columns["leaves"], leak=True)

    found = {
        "planted": leakage_cases.judge({"copied": copied}, [0], []),
        "innocent": leakage_cases.judge({"small": small}, [0], []),
    }
    assert found["planted"]["copied"][0]["outcome"] == "refused"
    assert found["planted"]["copied"][0]["named"]
    assert found["innocent"]["small"][0]["outcome"] == "passed"
    rates = leakage_cases.rates(found)
    assert (rates["planted"][0], rates["innocent"][0]) == (1.0, 0.0)
    assert rates["planted"][1] < 0.5  # one case proves little
    assert "| planted | copied | 1/1 | 0 | 1 |" in leakage_cases.table(found)
