"""The generating terms: every number of a history that enters a label equation, by name."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.plain_state import plain_state, unfavoured
from teacher.datasets.finsynth.signals.planted import FUNCTIONALS

__all__ = ["generating_terms"]


def generating_terms(history: History) -> dict[str, NDArray[np.float64]]:
    """Plain terms and planted signals of a history ``[n]`` each: what a perfect model would have to compute.

    The standardised sums and counts of ``plain_state.py``; ``risk``: risk tolerance, 0 where it is unknown; ``family``:
    1 in that life stage; ``unfavoured``: number of unfavoured groups; ``top_share``: the top branch's share of recent
    spend, less 0.4; ``log_spend``: log of 8/9 of the recent spend (8 of 9 dekads are in the label window); and the
    seven signals under their experts' names.
    """
    plain = plain_state(history)
    tolerance = history.people.risk_tolerance
    spend = history.recent.spend_by_branch
    return {
        **{field.name: getattr(plain, field.name) for field in fields(plain)},
        "risk": np.where(tolerance == 0, 0.0, (tolerance - 3) / 1.3),
        "family": (history.people.life_stage == 3).astype(np.float64),
        "unfavoured": unfavoured(history),
        "top_share": spend.max(axis=1) / np.maximum(spend.sum(axis=1), 1.0) - 0.4,
        "log_spend": np.log(history.spend_recent * (8.0 / 9.0)),
        **{name: functional(history) for name, functional in FUNCTIONALS.items()},
    }
