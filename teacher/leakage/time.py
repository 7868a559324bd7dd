"""Nothing from at or after the cutoff may reach a feature, and labels keep their distance from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.findings import Check, Evidence, check_of
from understudy.contracts.spec import TimeSplit

__all__ = ["MIN_GAP_DAYS", "Replay", "check_events", "check_gap", "check_replay"]

MIN_GAP_DAYS = 7


def check_gap(time: TimeSplit | None) -> Check:
    """The declared days between cutoff and label window are at least seven, and the test cutoff is later than the
    training cutoff by at least the gap."""
    evidence = []
    if time is not None:
        days = (np.datetime64(time.test) - np.datetime64(time.train)).astype("timedelta64[D]").astype(int)
        short = float(MIN_GAP_DAYS - time.label_gap_days)
        evidence = [
            Evidence("days short of the gap", max(0.0, short), 1.0, [time.column]),
            Evidence("days of gap not between the cutoffs", max(0.0, time.label_gap_days - days), 1.0, [time.column]),
        ]
    return check_of(
        "gap",
        "Is there a gap between the cutoff and the label window?",
        "Let the label window begin at least seven days after the cutoff.",
        evidence,
        note="" if time else "the spec has no time split",
    )


class Replay(Protocol):
    """A feature column, a cutoff, and how many of its rows change when the events from the cutoff on are taken away."""

    @property
    def column(self) -> str: ...
    @property
    def cutoff(self) -> str: ...
    @property
    def changed(self) -> int: ...
    @property
    def rows(self) -> int: ...


def check_replay(replayed: Sequence[Replay]) -> Check:
    """No feature changes when everything from the cutoff on is taken out of the sources and the views run again."""
    evidence = [
        Evidence(
            "rows that change without later events",
            float(one.changed),
            1.0,
            [one.column],
            detail=f"of {one.rows} at the cutoff {one.cutoff}",
        )
        for one in replayed
    ]
    return check_of(
        "replay",
        "Does a feature change when the events from the cutoff on are taken away?",
        "Let the view read only what is dated before the row's cutoff.",
        evidence,
        note="" if evidence else "no view over dated sources with a time split",
    )


def check_events(last_steps: dict[str, NDArray[np.datetime64]], cutoffs: NDArray[np.datetime64] | None) -> Check:
    """Count rows whose newest step stands at or after their cutoff (sequence -> ``[rows]``, NaT where empty)."""
    evidence = []
    for name, last in last_steps.items():
        if cutoffs is not None:
            late = float((~np.isnat(last) & (last >= cutoffs)).sum())
            evidence.append(Evidence("rows with a step at or after the cutoff", late, 1.0, [name]))
    return check_of(
        "events",
        "Does a sequence hold a step at or after the cutoff?",
        "Build the sequence from steps before the cutoff only.",
        evidence,
        note="" if evidence else "no sequence with a time split",
    )
