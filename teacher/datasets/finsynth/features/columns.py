"""The type of a feature column, and how codes become names."""

from __future__ import annotations

from teacher.datasets.finsynth.columns import Columns, named, numbers, text

__all__ = ["Columns", "named", "numbers", "text"]
