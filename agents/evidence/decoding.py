"""From the content of entries to rows of numbers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.evidence.columns import LAYERS, Columns, Told
from agents.evidence.frame import Frame
from understudy.contracts.features import encode

__all__ = ["Rows", "share_hash"]

_LAYER = {name: code for code, name in enumerate(LAYERS)}
RANKS = 10  # the most that a request may ask for


def share_hash(request_id: str, purpose: str) -> float:
    """A number in [0, 1) by which a decision is sampled: anybody can check that nobody chose."""
    digest = hashlib.sha256(f"understudy/{purpose}\n{request_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2.0**64


class Rows:
    """Collects decisions in their order, and makes `Columns` of them.

    ``keep`` and ``tell`` are the shares of decisions whose features, and whose texts, are kept.
    """

    def __init__(self, frame: Frame, day: str, *, keep: float, tell: float) -> None:
        self._frame, self._day = frame, day
        self._keep, self._tell = keep, tell
        self._task = {name: index for index, name in enumerate(frame.tasks)}
        self._product = {name: index for index, name in enumerate(frame.products)}
        self._class = [{name: code for code, name in enumerate(classes or [])} for classes in frame.classes]
        self._zone = timezone(timedelta(hours=frame.utc_offset_hours))
        self._people: set[int] = set()
        self._versions: list[str] = [frame.model_version]
        self.counts = dict.fromkeys(("decisions", "erased", "unread", "altered", "other"), 0)
        self._clear()

    def _clear(self) -> None:
        self._ids: list[str] = []
        self._rows: dict[str, list[Any]] = {name: [] for name in _KINDS}
        self._wide: dict[str, list[Any]] = {name: [] for name in ("layers", "scores", "top_class")}
        self._ranked: list[list[tuple[int, float, int]]] = []
        self._vectors: list[list[float]] = []
        self._counted: list[list[float]] = []
        self._kept: list[int] = []
        self._told: list[Told] = []
        self._groups: list[list[int]] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, writer: int, seq: int, at: str, content: Mapping[str, Any]) -> None:
        """Take one decision.

        Raises:
            KeyError, TypeError, ValueError: it does not have the layout of a decision; nothing was taken.
        """
        answer, record = content["answer"], content["record"] or {}
        request_id, person = content["request_id"], _person(content["pseudonym"])
        features, profile = record.get("features"), record.get("profile") or {}
        instant = datetime.fromisoformat(at)
        wide = self._scored(answer["tasks"])
        shown = _shown(answer, content["withheld"])
        ranked = [(self._product.get(one["product_id"], -1), one["score"], one["review_tier"]) for one in shown]
        drawn = sum(tier == 1 for _, _, tier in ranked)
        picked = sum(rule == "sample" for rule in content["review_rules"].values())
        groups = [grouping.group(features or {}, profile) for grouping in self._frame.groupings]
        fits = features is not None and record["schema_version"] == self._frame.schema.version
        vector = encode(self._frame.schema, features or {})[0] if fits else None
        age, missing = self._age(record.get("as_of"), instant), len(answer["features_missing"])
        told = self._texts(request_id, shown, content, groups)
        # From here on nothing can fail: a row is taken whole or not at all.
        row, first = len(self._ids), person not in self._people
        self._people.add(person)
        flags = (first, drawn, picked, bool(content["opted_out"]), content["read_error"] is not None)
        values = (instant.timestamp(), writer, seq, self._version(content["model_version"]), person, *flags)
        for name, value in zip(_KINDS, (*values, age, missing, vector is not None), strict=True):
            self._rows[name].append(value)
        for name, value in wide.items():
            self._wide[name].append(value)
        self._ids.append(request_id)
        self._ranked.append(ranked[:RANKS])
        self._groups.append(groups)
        self._told += told
        if vector is not None:
            self._take(row, vector, first=first, keep=share_hash(request_id, "features") < self._keep)

    def _take(self, row: int, vector: list[float], *, first: bool, keep: bool) -> None:
        if first:
            self._counted.append(vector)
        if keep:
            self._kept.append(row)
            self._vectors.append(vector)

    def _version(self, name: str) -> int:
        if name not in self._versions:
            self._versions.append(name)
        return self._versions.index(name)

    def _scored(self, tasks: Mapping[str, Any]) -> dict[str, list[Any]]:
        count = len(self._task)
        layers, scores, top = [-1] * count, [math.nan] * count, [-1] * count
        for name, score in tasks.items():
            index = self._task.get(name)
            if index is None:  # of another model, which may have other tasks
                continue
            layers[index] = _LAYER[score["layer"]]
            classes = score["classes"]
            if classes:
                best = max(classes, key=classes.__getitem__)
                top[index], scores[index] = self._class[index].get(best, -1), float(classes[best])
            elif score["value"] is not None:
                scores[index] = float(score["value"])
        return {"layers": layers, "scores": scores, "top_class": top}

    def _age(self, as_of: str | None, at: datetime) -> float:
        """Hours from the end of the record's day (its instant, if it names one) to the decision, at least 0."""
        if as_of is None:
            return math.nan
        try:
            dated = datetime.fromisoformat(as_of)
        except ValueError:
            return math.nan
        if dated.tzinfo is None:
            dated = dated.replace(tzinfo=self._zone)
            dated += timedelta(days=1) if len(as_of) == len("2026-11-21") else timedelta()
        return max(0.0, (at - dated.astimezone(UTC)).total_seconds() / 3600)

    def _texts(
        self, request_id: str, shown: Sequence[Any], content: Mapping[str, Any], groups: Sequence[int]
    ) -> list[Told]:
        if share_hash(request_id, "reasons") >= self._tell:
            return []
        named = {
            grouping.attribute: grouping.names[code] if code >= 0 else ""
            for grouping, code in zip(self._frame.groupings, groups, strict=True)
        }
        by_product = {one["product_id"]: one for one in shown}
        channel = content["request"]["channel"]
        return list(_told(request_id, channel, by_product, content["judged"], named))

    def chunk(self) -> Columns:
        """What was added since the last call, as `Columns`; counts are those of this part only."""
        frame, count = self._frame, len(self._ids)
        width = max((len(ranked) for ranked in self._ranked), default=0)
        groups = np.asarray(self._groups, dtype=np.int8).reshape(count, len(frame.groupings))
        counted = np.asarray(self._counted, dtype=np.float64).reshape(-1, len(frame.schema.features))
        arrays: dict[str, Any] = {name: np.asarray(self._rows[name], dtype=kind) for name, kind in _KINDS.items()}
        arrays |= {name: _matrix(self._wide[name], len(frame.tasks), kind) for name, kind in _WIDE.items()}
        arrays |= _ranks(self._ranked, width) | self.counts
        made = Columns(
            day=self._day,
            request_ids=self._ids,
            writers=[],
            model_versions=list(self._versions),
            tasks=frame.tasks,
            classes=frame.classes,
            catalog=frame.products,
            families=frame.families,
            groups={grouping.attribute: grouping.names for grouping in frame.groupings},
            protected={grouping.attribute: groups[:, i].copy() for i, grouping in enumerate(frame.groupings)},
            feature_names=frame.schema.names,
            bins=frame.reference.count(counted),
            bin_rows=len(counted),
            kept=np.asarray(self._kept, dtype=np.int64),
            features=np.asarray(self._vectors, dtype=np.float32).reshape(-1, len(frame.schema.features)),
            told=self._told,
            **arrays,
        )
        self.counts = dict.fromkeys(self.counts, 0)
        self._clear()
        return made


_KINDS: dict[str, Any] = {
    "at": np.float64,
    "writer": np.int32,
    "seq": np.int64,
    "model_version": np.int16,
    "person": np.uint64,
    "first": np.bool_,
    "drawn": np.int8,
    "picked": np.int8,
    "opted_out": np.bool_,
    "read_error": np.bool_,
    "as_of_age_hours": np.float32,
    "missing": np.int16,
    "has_features": np.bool_,
}
_WIDE: dict[str, Any] = {"layers": np.int8, "scores": np.float32, "top_class": np.int16}


def _matrix(rows: list[list[Any]], width: int, kind: Any) -> NDArray[Any]:
    return np.asarray(rows, dtype=kind).reshape(len(rows), width)


def _ranks(ranked: list[list[tuple[int, float, int]]], width: int) -> dict[str, NDArray[Any]]:
    products = np.full((len(ranked), width), -1, dtype=np.int16)
    scores = np.full((len(ranked), width), np.nan, dtype=np.float32)
    tiers = np.zeros((len(ranked), width), dtype=np.int8)
    for row, found in enumerate(ranked):
        for place, (product, score, tier) in enumerate(found):
            products[row, place], scores[row, place], tiers[row, place] = product, score, tier
    return {"products": products, "product_scores": scores, "tiers": tiers}


def _shown(answer: Mapping[str, Any], withheld: Sequence[Any]) -> list[Any]:
    """Everything that was recommended, withheld or not, by rank."""
    return sorted([*answer["recommendations"], *withheld], key=lambda one: one["rank"])


def _person(pseudonym: str) -> int:
    return int(pseudonym.rpartition(".")[2][:16], 16)


def _told(
    request_id: str, channel: str, by_product: Mapping[str, Any], judged: Sequence[Any], groups: Mapping[str, str]
) -> Iterator[Told]:
    for one in judged:
        recommendation = by_product.get(one["product_id"])
        if recommendation is None:
            continue
        for text in one["texts"]:
            reason, verdict = text["reason"], text["verdict"]
            yield Told(
                request_id=request_id,
                rank=recommendation["rank"],
                product=one["product_id"],
                score=recommendation["score"],
                tier=recommendation["review_tier"],
                locale=reason["locale"],
                channel=channel,
                source=reason["source"],
                text=reason["text"],
                disclosure=reason["disclosure"],
                signature=reason["signature"],
                facts=reason["facts"],
                passed=verdict["passed"],
                rejected=[found["rule_id"] for found in verdict["findings"] if found["severity"] == "block"],
                groups=groups,
            )
