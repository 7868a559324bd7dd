"""The decisions of one day as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LAYERS", "PER_ROW", "WIDE", "Columns", "Told", "joined"]

LAYERS = ("distilled", "direct", "rules", "person")


@dataclass(frozen=True)
class Told:
    """A text that was judged for one recommendation of one decision.

    ``groups``: the customer's protected groups by name. ``rejected`` names the rules that blocked it.
    """

    request_id: str
    rank: int
    product: str
    score: float
    tier: int
    locale: str
    channel: str
    source: str
    text: str
    disclosure: str
    signature: str
    facts: list[dict[str, Any]]
    passed: bool
    rejected: list[str]
    groups: Mapping[str, str]


@dataclass(frozen=True)
class Columns:
    """n decisions that could be opened, in the order of (writer, seq); T tasks, F features, K ranks.

    Attributes:
        day: UTC day, ``2026-11-21``.
        request_ids: n ids.
        at: ``[n]`` seconds since 1970.
        writers, writer, seq: Where the entry stands: names of writers, ``[n]`` index into them, ``[n]``.
        model_versions, model_version: The same for the models that decided.
        person: ``[n]`` stands for the customer within a day (8 bytes of the pseudonym); not the same after a rotation.
        first: ``[n]`` the customer's first decision of the day: what is counted per person counts these.
        tasks, classes: T names, and their classes (None: not multiclass).
        layers: ``[n, T]`` index into `LAYERS`, -1 where the task had no score.
        scores: ``[n, T]`` probability, mean, or probability of the top class; NaN: none.
        top_class: ``[n, T]`` index of the most probable class, -1 if the task is not multiclass.
        catalog, families: Product ids, and the family of each.
        products: ``[n, K]`` ranked, withheld ones included: index into ``catalog``, -1 for none (or not in it).
        product_scores: ``[n, K]``, NaN for none.
        tiers: ``[n, K]`` review tier, 0 for none.
        drawn, picked: ``[n]`` recommendations of tier 1, and those among them that the review sample picked.
        protected: Attribute -> ``[n]`` index into ``groups[attribute]``, -1 unknown.
        opted_out, read_error: ``[n]``.
        as_of_age_hours: ``[n]`` from the end of the day that the record is dated to the decision; NaN: no record.
        missing: ``[n]`` features that the students missed.
        has_features: ``[n]`` the entry holds the features of the bundle's schema.
        feature_names: F names.
        bins: ``[F, B]`` rows per reference bin, over each person's first decision with features; ``bin_rows`` of them.
        kept: ``[k]`` rows whose features are kept: those of the lowest hashes of their request ids, sorted.
        features: ``[k, F]`` encoded, NaN missing.
        told: Texts of a sample of the decisions.
        decisions: Decisions of the day that authenticate, opened or not; ``sample`` is the share that was to be opened.
        erased: Decisions whose key was destroyed. ``unread``: whose key or content could not be read otherwise.
        altered: Entries that do not authenticate. ``other``: entries of other kinds.
        cursor: Writer -> last entry of the day, for the reader of the next day.
    """

    day: str
    request_ids: list[str]
    at: NDArray[np.float64]
    writers: list[str]
    writer: NDArray[np.int32]
    seq: NDArray[np.int64]
    model_versions: list[str]
    model_version: NDArray[np.int16]
    person: NDArray[np.uint64]
    first: NDArray[np.bool_]
    tasks: list[str]
    classes: list[list[str] | None]
    layers: NDArray[np.int8]
    scores: NDArray[np.float32]
    top_class: NDArray[np.int16]
    catalog: list[str]
    families: list[str]
    products: NDArray[np.int16]
    product_scores: NDArray[np.float32]
    tiers: NDArray[np.int8]
    drawn: NDArray[np.int8]
    picked: NDArray[np.int8]
    groups: dict[str, list[str]]
    protected: dict[str, NDArray[np.int8]]
    opted_out: NDArray[np.bool_]
    read_error: NDArray[np.bool_]
    as_of_age_hours: NDArray[np.float32]
    missing: NDArray[np.int16]
    has_features: NDArray[np.bool_]
    feature_names: list[str]
    bins: NDArray[np.int64]
    bin_rows: int
    kept: NDArray[np.int64]
    features: NDArray[np.float32]
    told: list[Told]
    decisions: int
    sample: float = 1.0
    erased: int = 0
    unread: int = 0
    altered: int = 0
    other: int = 0
    cursor: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.at)


_FLAGS = ("first", "drawn", "picked", "opted_out", "read_error", "has_features")
_NUMBERS = ("at", "writer", "seq", "model_version", "person", "as_of_age_hours", "missing")
PER_ROW = (*_NUMBERS, *_FLAGS, "layers", "scores", "top_class")
WIDE = {"products": -1, "product_scores": np.nan, "tiers": 0}
_SUMS = ("bins", "bin_rows", "decisions", "erased", "unread", "altered", "other")


def joined(parts: list[Columns]) -> Columns:
    """The same decisions in one, by (writer, seq); ``parts`` share day, tasks, catalog and writers.

    ``parts`` is emptied, and arrays are let go one by one: the whole is in memory once, and one array of it twice.

    Raises:
        ValueError: there is no part.
    """
    if not parts:
        raise ValueError("nothing to join")
    first = replace(parts[0])
    held = [{f.name: getattr(part, f.name) for f in fields(part)} for part in parts]
    sizes = np.cumsum([0, *(len(part) for part in parts)])
    parts.clear()
    versions = _one_list_of_versions(held)
    order = np.lexsort([np.concatenate([one[name] for one in held]) for name in ("seq", "writer")])
    made: dict[str, Any] = {name: _taken(held, name, order) for name in PER_ROW}
    width = max(one["products"].shape[1] for one in held)
    for name, empty in WIDE.items():
        for one in held:
            one[name] = _widened(one[name], width, empty)
        made[name] = _taken(held, name, order)
    made["protected"] = {name: np.concatenate([one["protected"][name] for one in held])[order] for name in first.groups}
    ids = [request_id for one in held for request_id in one.pop("request_ids")]
    made["request_ids"] = [ids[row] for row in order]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    kept = place[np.concatenate([one["kept"] + start for one, start in zip(held, sizes, strict=False)])]
    by_row = np.argsort(kept)
    made |= {"kept": kept[by_row], "features": _taken(held, "features", by_row)}
    told = [told for one in held for told in one["told"]]
    sampled = {one.request_id for one in told}
    row = {name: number for number, name in enumerate(made["request_ids"]) if name in sampled}
    made["told"] = sorted(told, key=lambda one: (row[one.request_id], one.rank))
    made |= {name: sum((one[name] for one in held[1:]), start=held[0][name]) for name in _SUMS}
    return replace(first, model_versions=versions, **made)


def _taken(held: list[dict[str, Any]], name: str, order: NDArray[np.int64]) -> NDArray[Any]:
    return np.asarray(np.concatenate([one.pop(name) for one in held])[order])


def _one_list_of_versions(held: list[dict[str, Any]]) -> list[str]:
    """The bundle's version first, then the others by name; codes are changed to it."""
    names = list(held[0]["model_versions"][:1])
    names += sorted({name for one in held for name in one["model_versions"]} - set(names))
    for one in held:
        place = np.asarray([names.index(name) for name in one["model_versions"]], dtype=np.int16)
        one["model_version"] = place[one["model_version"]]
    return names


def _widened(array: NDArray[Any], width: int, empty: float) -> NDArray[Any]:
    if array.shape[1] == width:
        return array
    return np.pad(array, ((0, 0), (0, width - array.shape[1])), constant_values=empty)
