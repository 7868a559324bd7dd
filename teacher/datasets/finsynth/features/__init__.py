"""Features of a history, in named groups, each marked plain or structural; nothing at or after the cutoff is read."""

from __future__ import annotations

from teacher.datasets.finsynth.features.groups import GROUPS, Group, feature_groups

__all__ = ["GROUPS", "Group", "feature_groups"]
