"""Decisions whose outcomes have become known, read back from the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agents.evidence.columns import Columns, joined
from agents.evidence.entries import Part, read_part
from agents.evidence.frame import Frame
from agents.evidence.labels import Label
from agents.evidence.settings import WatchSettings

__all__ = ["Labelled", "read_labelled"]


@dataclass(frozen=True)
class Labelled:
    """n decisions and what became of them.

    Attributes:
        columns: The decisions, whenever they were made, in the order of their places in the chains.
        labels: ``[n, T]`` outcome per task: 0 or 1, a value, or the index of a class; NaN where it is not known.
        lost: Outcomes of requests that the log does not hold, or that cannot be opened any more.
    """

    columns: Columns
    labels: NDArray[np.float64]
    lost: int


def read_labelled(
    settings: WatchSettings, frame: Frame, labels: Sequence[Label], day: str, *, most: int = 20_000
) -> Labelled:
    """Find the decisions that ``labels`` are about; of more than ``most`` requests, those first by id.

    Nothing about a customer is kept beside the log for this, so an erasure reaches these decisions too.

    Raises:
        StoreError: the log cannot be read.
        UserError: a URL is wrong, or a key ring cannot be read.
    """
    wanted = sorted({label.request_id for label in labels})[:most]
    part = Part(
        store=settings.understudy_store,
        keys=settings.understudy_audit_keys,
        customer_keys=settings.understudy_customer_keys,
        frame=frame,
        day=day,
        spans=(),
        requests=wanted,
        sample=1.0,
        keep=1.0,
        tell=0.0,
    )
    columns = joined(list(read_part(part)))
    row = {request_id: index for index, request_id in enumerate(columns.request_ids)}
    task = {name: index for index, name in enumerate(frame.tasks)}
    found = np.full((len(columns), len(task)), np.nan)
    lost = 0
    for label in labels:
        if label.request_id in row and label.task in task:
            found[row[label.request_id], task[label.task]] = label.label
        else:
            lost += 1
    return Labelled(replace(columns, decisions=len(columns)), found, lost)
