"""Days of a simulated bank, watched one after the other. The simulation is the study's, found from the root."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[4]))

from agents.evidence import History, open_history
from agents.monitors import MonitorConfig, MonitorNight, run_monitors
from studies._production import Production, day_name

Watch = Callable[..., list[MonitorNight]]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return open_history(str(tmp_path / "reports"))


@pytest.fixture
def watch(history: History) -> Watch:
    """Run the monitors over the days ``first`` to ``last`` of a production."""

    def run(
        production: Production, last: int, first: int = 1, config: MonitorConfig | None = None
    ) -> list[MonitorNight]:
        return [
            run_monitors(
                day_name(number),
                production.columns(number),
                production.requests(number),
                production.frame,
                history,
                config or MonitorConfig(baseline_days=3),
                labelled=production.labelled(number),
                shadow=production.shadow(number),
            )
            for number in range(first, last + 1)
        ]

    return run
