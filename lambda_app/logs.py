"""Structured logs: one JSON object a line, and never anything about a customer."""

from __future__ import annotations

import json
import sys

__all__ = ["log"]


def log(event: str, **fields: str | int | float | None) -> None:
    """Write one line to standard output, which the Lambda service collects.

    ``fields`` hold ids, counts, durations and the names of error classes. Messages of exceptions stay out: they may
    quote a key or a value.
    """
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
