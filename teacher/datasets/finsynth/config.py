"""Everything that shapes the generated bank, as one value that can be printed, hashed and compared."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from understudy.contracts._model import Contract

__all__ = ["SIGNALS", "FinsynthConfig", "SignalName"]

SignalName = Literal["deepfm", "temporal", "hgcn", "perslay", "causal", "lightgcn", "optimal_transport"]
SIGNALS: tuple[SignalName, ...] = get_args(SignalName)


class FinsynthConfig(Contract):
    """The switches of the generative model.

    ``signals``: the planted signals that enter the labels; one that is left out keeps its data and loses its effect.
    ``signal_strength`` multiplies every planted effect. ``disparity``: the log-rate by which the less favoured half of
    each protected attribute buys loans and investments less often (0: none). ``partition``: customers per partition,
    the unit of work, of memory and of resuming.
    """

    signals: frozenset[SignalName] = frozenset(SIGNALS)
    signal_strength: float = Field(default=1.0, ge=0, le=5)
    disparity: float = Field(default=0.06, ge=0, le=2)
    partition: int = Field(default=20_000, ge=100, le=200_000)

    def strength(self, signal: SignalName) -> float:
        """The factor of ``signal``'s effects: 0 if it is switched off."""
        return self.signal_strength if signal in self.signals else 0.0
