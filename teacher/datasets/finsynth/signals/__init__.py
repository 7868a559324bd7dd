"""The planted signals: one functional of the observable history for each expert, one file each.

Every functional returns ``[n]``, centred and scaled by published constants to about mean 0 and deviation 1 over the
default population, and clipped to [-2.5, 2.5].
"""

from __future__ import annotations

from teacher.datasets.finsynth.signals.causal import surprise
from teacher.datasets.finsynth.signals.crosses import crosses
from teacher.datasets.finsynth.signals.graph import cohesion
from teacher.datasets.finsynth.signals.planted import planted_signals
from teacher.datasets.finsynth.signals.shape import cycles
from teacher.datasets.finsynth.signals.temporal import lead_lag
from teacher.datasets.finsynth.signals.transport import movement
from teacher.datasets.finsynth.signals.tree import branch_focus

__all__ = ["branch_focus", "cohesion", "crosses", "cycles", "lead_lag", "movement", "planted_signals", "surprise"]
