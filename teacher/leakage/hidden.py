"""What a table of features hides, as columns: steps of a history, bins of a distribution, digits of a number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.findings import Check, joined
from teacher.leakage.sampling import Halves
from teacher.leakage.sets import check_sets
from teacher.leakage.single import check_single
from teacher.leakage.tables import columns_of
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.spec import DatasetSpec, FeatureGroup
from understudy.progress import Advance

__all__ = ["Hidden", "check_hidden", "hidden_columns"]

_STEPS = 6
# Few values have a bin each already, and so every digit of them.
_MANY = 125


class Steps(Protocol):
    """``values`` ``[rows, length, channels]`` and ``mask`` ``[rows, length]``, oldest first, left-padded."""

    @property
    def values(self) -> NDArray[np.float32]: ...
    @property
    def mask(self) -> NDArray[np.bool_]: ...


@dataclass(frozen=True)
class Hidden:
    """Columns ``[rows of both halves, columns]``, where each comes from, and the groups that are searched as sets."""

    schema: FeatureSchema
    values: NDArray[np.float64]
    groups: list[FeatureGroup]


def hidden_columns(
    spec: DatasetSpec,
    schema: FeatureSchema,
    features: NDArray[np.float64],
    sequences: Mapping[str, Steps],
    distributions: Mapping[str, NDArray[np.float32]],
    rows: NDArray[np.int64],
) -> Hidden | None:
    """Unfold what the experts see beside the features, at ``rows``; None where there is nothing.

    Of a sequence: the number of steps, and of each channel the last six steps, the first, mean, spread, least, greatest
    and the share of zeros. Of a distribution: each bin. Of a number with many values: its last digit and its cents.
    """
    names: list[str] = []
    columns: list[NDArray[np.float64]] = []
    groups: list[FeatureGroup] = []
    for sequence in spec.sequences:
        if sequence.name in sequences:
            seen = sequences[sequence.name]
            of = list(_of_sequence(sequence.name, sequence.channels, seen.values[rows], seen.mask[rows]))
            groups.append(_named(f"sequence_{sequence.name}", [name for name, _ in of]))
            names += [name for name, _ in of]
            columns += [values for _, values in of]
    for distribution in spec.distributions:
        if distribution.name in distributions:
            bins = distributions[distribution.name][rows].astype(np.float64)
            of_bins = [f"{distribution.name}: {column}" for column in distribution.columns]
            groups.append(_named(f"distribution_{distribution.name}", of_bins))
            names += of_bins
            columns += list(bins.T)
    in_sets = len(names)
    for name, values in _digits(schema, features, rows):
        names.append(name)
        columns.append(values)
    if not names:
        return None
    if len(names) > in_sets:
        groups.append(_named("digits", names[in_sets:]))
    group_of = {name: group.name for group in groups for name in group.numeric}
    features_of = [FeatureDef(name=n, kind="numeric", group=group_of[n], tier="plain") for n in names]
    return Hidden(FeatureSchema(version="hidden", features=features_of), np.stack(columns, axis=1), groups)


def _named(name: str, columns: list[str]) -> FeatureGroup:
    return FeatureGroup.model_construct(
        name=name, tier="plain", experts=[], numeric=columns, categorical=[], compute=[]
    )


def _of_sequence(
    name: str, channels: list[str], values: NDArray[np.float32], mask: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    steps = mask.sum(axis=1).astype(np.float64)
    yield f"{name}: number of steps", steps
    some = np.where(steps > 0, steps, np.nan)
    length = mask.shape[1]
    first = np.argmax(mask, axis=1)
    for index, channel in enumerate(channels):
        seen = np.where(mask, values[:, :, index].astype(np.float64), np.nan)
        filled = np.where(mask, seen, 0.0)
        mean = filled.sum(axis=1) / some
        centred = np.where(mask, filled - np.nan_to_num(mean)[:, None], 0.0)
        for back in range(1, min(length, _STEPS) + 1):
            yield f"{name}: {channel}, step {-back}", seen[:, -back]
        yield f"{name}: {channel}, first step", seen[np.arange(len(seen)), first]
        yield f"{name}: {channel}, mean", mean
        yield f"{name}: {channel}, spread", np.sqrt((centred**2).sum(axis=1) / some)
        yield f"{name}: {channel}, least", _known(np.where(mask, seen, np.inf).min(axis=1))
        yield f"{name}: {channel}, greatest", _known(np.where(mask, seen, -np.inf).max(axis=1))
        yield f"{name}: {channel}, share of zeros", (mask & (values[:, :, index] == 0)).sum(axis=1) / some


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)


def _digits(
    schema: FeatureSchema, features: NDArray[np.float64], rows: NDArray[np.int64]
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """The last digit of whole numbers, the cents of amounts: an id or a rounding may carry a label there."""
    numeric = [index for index, feature in enumerate(schema.features) if feature.kind == "numeric"]
    for index, values in zip(numeric, columns_of(features[rows], numeric), strict=True):
        known = values[~np.isnan(values)]
        if len(known) == 0 or np.abs(known).max() > 1e12 or len(np.unique(known)) <= _MANY:
            continue
        cents = np.round(known * 100)
        if (known == np.round(known)).all():
            yield f"{schema.features[index].name}: last digit", np.mod(values, 10)
        elif np.abs(known * 100 - cents).max() < 1e-6 * max(1.0, float(np.abs(known).max())):
            yield f"{schema.features[index].name}: cents", np.mod(np.round(values * 100), 100)


def check_hidden(
    spec: DatasetSpec,
    hidden: Hidden | None,
    labels: Mapping[str, NDArray[np.float64]],
    wide: Halves,
    small: Halves,
    advance: Advance,
) -> Check:
    """Hold the columns of ``hidden`` (rows: ``wide.fit``, then ``wide.score``) to the bounds of the features, one by
    one and as sets."""
    checks: list[Check] = []
    if hidden is not None:
        rows = np.concatenate([wide.fit, wide.score])
        known = {task.name: labels[task.name][rows] for task in spec.tasks}
        place = np.full(int(rows.max()) + 1, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        look = spec.model_copy(update={"groups": hidden.groups})
        parts, few = (Halves(place[half.fit], place[half.score]) for half in (wide, small))
        checks = [
            check_single(look, hidden.schema, hidden.values, known, parts),
            check_sets(look, hidden.schema, hidden.values, known, few, advance, together=False),
        ]
    return joined(
        "hidden",
        "Does a history, a distribution or a digit tell a label?",
        "Take the channel, the bin or the column out, or end the history before the label window begins.",
        checks,
        note="no sequence, no distribution, no number with digits to look at",
    )
