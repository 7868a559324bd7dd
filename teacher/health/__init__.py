"""Training health: wrong training conditions stop the run, loudly."""

from teacher.health.check import Check, HealthReport, TrainingHealthError
from teacher.health.examine import examine

__all__ = ["Check", "HealthReport", "TrainingHealthError", "examine"]
