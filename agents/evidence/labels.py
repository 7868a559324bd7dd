"""Outcomes that became known after the decision."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from understudy.errors import UserError
from understudy.objects import Objects, open_objects

__all__ = ["Label", "Labels", "open_labels"]


@dataclass(frozen=True)
class Label:
    """What happened: ``label`` is 0 or 1, a value in the task's units, or the index of a class."""

    request_id: str
    task: str
    label: float


class Labels:
    """JSON lines ``{"request_id", "task", "label"}``, one object a day of arrival: ``2026-11-21.jsonl``."""

    def __init__(self, objects: Objects | None) -> None:
        self._objects = objects

    def arrived(self, day: str) -> list[Label] | None:
        """What became known on ``day``, in the file's order; None: no outcomes are delivered here, or none that day.

        Raises:
            UserError: names the line that is no label.
        """
        found = self._objects.read(f"{day}.jsonl") if self._objects is not None else None
        return None if found is None else list(_parsed(found.data, f"{day}.jsonl"))


def _parsed(data: bytes, where: str) -> Iterator[Label]:
    for number, text in enumerate(data.splitlines(), start=1):
        try:
            line = json.loads(text)
            yield Label(str(line["request_id"]), str(line["task"]), float(line["label"]))
        except (ValueError, KeyError, TypeError):
            fix = 'Write {"request_id": "...", "task": "...", "label": 0} on each line.'
            raise UserError("not a label", where=f"{where}, line {number}", fix=fix) from None


def open_labels(url: str | None) -> Labels:
    """The outcomes at ``file:///folder`` or ``s3://bucket/prefix``; None: none are delivered.

    Raises:
        UserError: the URL names neither.
    """
    return Labels(open_objects(url) if url is not None else None)
