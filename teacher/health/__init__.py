"""Training health: wrong training conditions stop the run, loudly."""

from teacher.health.check import Check, HealthReport, TrainingHealthError
from teacher.health.examine import examine, watch

__all__ = ["Check", "HealthReport", "TrainingHealthError", "examine", "watch"]
