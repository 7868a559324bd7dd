"""One module per kind of recipe: what it computes, as SQL over the relations of a ``Context``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from teacher.features.context import Context, Query
from teacher.features.groups.activity import activity
from teacher.features.groups.attributes import attributes
from teacher.features.groups.counts import counts
from teacher.features.groups.diversity import diversity
from teacher.features.groups.holdings import holdings
from teacher.features.groups.lags import lags
from teacher.features.groups.latest import latest
from teacher.features.groups.leads import leads
from teacher.features.groups.movement import movement
from teacher.features.groups.persistence import persistence
from teacher.features.groups.rhythm import rhythm
from teacher.features.groups.rolling import rolling

__all__ = ["QUERIES"]

QUERIES: dict[str, Callable[[Any, Context], list[Query]]] = {
    "activity": activity,
    "attributes": attributes,
    "counts": counts,
    "diversity": diversity,
    "holdings": holdings,
    "lags": lags,
    "latest": latest,
    "leads": leads,
    "movement": movement,
    "persistence": persistence,
    "rhythm": rhythm,
    "rolling": rolling,
}
"""Recipe kind -> its queries. ``derived`` and ``crosses`` read features and stand in ``derived.py``."""
