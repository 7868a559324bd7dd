"""All planted signals of a history, each times its switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.config import FinsynthConfig, SignalName
from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.signals.causal import surprise
from teacher.datasets.finsynth.signals.crosses import crosses
from teacher.datasets.finsynth.signals.graph import cohesion
from teacher.datasets.finsynth.signals.shape import cycles
from teacher.datasets.finsynth.signals.temporal import lead_lag
from teacher.datasets.finsynth.signals.transport import movement
from teacher.datasets.finsynth.signals.tree import branch_focus

__all__ = ["FUNCTIONALS", "planted_signals"]

FUNCTIONALS: Final[dict[SignalName, Callable[[History], NDArray[np.float64]]]] = {
    "deepfm": crosses,
    "temporal": lead_lag,
    "hgcn": branch_focus,
    "perslay": cycles,
    "causal": surprise,
    "lightgcn": cohesion,
    "optimal_transport": movement,
}


def planted_signals(history: History, config: FinsynthConfig) -> dict[SignalName, NDArray[np.float64]]:
    """Each expert's signal ``[n]`` times its strength (0: switched off)."""
    return {name: config.strength(name) * functional(history) for name, functional in FUNCTIONALS.items()}
