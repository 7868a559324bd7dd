"""Monthly account activity outside purchases: salary, savings, balances, app sessions and outgoing transfers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.population import Latent, People
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.timeline import MONTHS

__all__ = ["FLOWS", "Flows", "month_flows"]

F32 = NDArray[np.float32]
FLOWS: Final = (
    "salary_in", "savings_in", "transfers_out", "app_sessions", "balance", "atm_cash", "branch_visits", "support_calls",
)  # fmt: skip
"""Channels of the monthly table that are not purchases. Money in KRW, the rest counts."""


@dataclass(frozen=True)
class Flows:
    """One array ``[n, 18]`` per channel."""

    values: dict[str, F32]

    def last(self, channel: str, month: int, months: int) -> F32:
        """The ``months`` months before ``month`` (exclusive), oldest first: ``[n, months]``."""
        return self.values[channel][:, month - months : month]


def month_flows(people: People, latent: Latent, streams: Streams) -> Flows:
    """Draw the monthly channels.

    App sessions and outgoing transfers are log-linear in two white series, of which the second follows the first by a
    month (``lead`` > 0), precedes it (``lead`` < 0), or has no relation: means, variances and the autocorrelation of
    each are the same, only the order between the two differs.
    """
    rng = streams("flows")
    n = len(people.age)
    sessions, transfers = _lead_and_lag(latent.lead, rng)
    income = people.income_krw[:, None] / 12.0
    noise = rng.standard_normal((5, n, MONTHS), dtype=np.float32)
    salaried = (people.life_stage != 0) & (people.life_stage != 4)
    balance = 0.6 * people.log_income[:, None] + rng.normal(0, 0.7, (n, 1)) + np.cumsum(0.08 * noise[0], axis=1)
    habit = rng.standard_normal((4, n, 1), dtype=np.float32)
    visits = rng.poisson(0.5 * np.exp(0.5 * habit[2]), (n, MONTHS))
    calls = rng.poisson(0.3 * np.exp(0.6 * habit[3]), (n, MONTHS))
    values = {
        "salary_in": np.where(salaried[:, None], income * np.exp(0.05 * noise[1]), 0.0),
        "savings_in": income * 0.12 * np.exp(0.6 * habit[0] + 0.5 * noise[2]),
        "transfers_out": income * 0.35 * np.exp(0.45 * transfers),
        "app_sessions": np.rint(18 * np.exp(0.4 * habit[1] + 0.45 * sessions)),
        "balance": 4_000_000 * np.exp(balance),
        "atm_cash": income * 0.04 * np.exp(0.8 * noise[3]),
        "branch_visits": visits,
        "support_calls": calls,
    }
    return Flows({name: _whole(values[name]) for name in FLOWS})


def _whole(value: NDArray[np.float64]) -> F32:
    # below 2**24 a float32 holds whole numbers exactly; larger sums of money are rounded to it, deterministically
    return np.rint(value).astype(np.float32)


def _lead_and_lag(lead: F32, rng: np.random.Generator) -> tuple[F32, F32]:
    n = len(lead)
    white = rng.standard_normal((2, n, MONTHS + 1), dtype=np.float32)
    size = np.minimum(np.abs(lead), 1.0)[:, None] * 0.95
    follows = size * white[0, :, :-1] + np.sqrt(1 - size**2) * white[1, :, 1:]
    leads = white[0, :, 1:]
    forward = (lead > 0)[:, None]
    return np.where(forward, leads, follows), np.where(forward, follows, leads)
