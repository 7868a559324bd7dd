"""The course of a training, as ``health.json`` shows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from teacher.health.check import EpochHealth

__all__ = ["epochs_of"]


def epochs_of(history: Sequence[dict[str, Any]], share: Sequence[float]) -> list[EpochHealth]:
    """One entry per record of the trainer's history.

    Args:
        history: What ``Trainer`` recorded.
        share: The tasks' weights, summing to 1.
    """
    return [_epoch(record, share) for record in history]


def _epoch(record: dict[str, Any], share: Sequence[float]) -> EpochHealth:
    rate, norms, log_sigma = record["learning_rate"], record["gradient_norm"], record["log_sigma"]
    effective = [rate * part * norm for part, norm in zip(share, norms, strict=True)]
    return EpochHealth(
        epoch=record["epoch"],
        learning_rate=rate,
        sigma=None if log_sigma is None else _numbers([math.exp(value) for value in log_sigma]),
        gate_entropy=[_numbers(layer) for layer in record["gate_entropy"]],
        gradient_norm=_numbers(norms),
        effective_rate=_numbers(effective),
    )


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]
