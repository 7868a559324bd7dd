"""What each item measures, one file per part; importing this package registers them all."""

from agents.checklist.measuring import audit, distillation, features, ingestion, serving, training

__all__ = ["audit", "distillation", "features", "ingestion", "serving", "training"]
