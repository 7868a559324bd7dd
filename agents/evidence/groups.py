"""To which protected group a customer belongs, told from the record that the decision was made on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field, model_validator

from understudy.bundle import Bundle
from understudy.contracts._model import Contract, Name
from understudy.contracts.psi import NumericBins, PsiReference

__all__ = ["Grouping", "default_groupings"]

AGE_BRACKETS = [30.0, 45.0, 65.0]


class Grouping(Contract):
    """One protected attribute: a feature or a profile field, and how its values fall into groups.

    ``names``: of a category, the groups are the categories themselves; of a number, group i holds
    ``edges[i-1] <= value < edges[i]``.
    """

    attribute: Name
    source: Literal["feature", "profile"] = "feature"
    field: str = Field(min_length=1)
    edges: list[float] | None = None
    names: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _named(self) -> Grouping:
        if self.edges is not None and len(self.names) != len(self.edges) + 1:
            raise ValueError(f"{len(self.edges)} edges need {len(self.edges) + 1} names")
        if len(self.names) > 100:
            raise ValueError("an attribute has at most 100 groups")
        return self

    def group(self, features: Mapping[str, Any], profile: Mapping[str, Any]) -> int:
        """Index of the group, -1 if it is not known."""
        value = (features if self.source == "feature" else profile).get(self.field)
        if self.edges is None:
            return self._index(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            return -1
        return bisect_right(self.edges, value)

    def _index(self, value: Any) -> int:
        return self.names.index(value) if isinstance(value, str) and value in self.names else -1


def default_groupings(bundle: Bundle, reference: PsiReference) -> list[Grouping]:
    """One grouping per protected feature of the bundle.

    Categories are groups. ``age`` (of the profile, which every record has) falls into under 30, 30-44, 45-64 and 65
    and over; any other number at the quartiles of the training rows, as near as the reference bins show them.
    """
    found = []
    for name in bundle.manifest.protected:
        attribute = name.lower()
        known = reference.features.get(name)
        if attribute == "age":
            names = _ranges(AGE_BRACKETS)
            found.append(Grouping(attribute="age", source="profile", field="age", edges=AGE_BRACKETS, names=names))
        elif isinstance(known, NumericBins):
            edges = _quartiles(known)
            if edges:
                found.append(Grouping(attribute=attribute, field=name, edges=edges, names=_ranges(edges)))
        elif known is not None:
            found.append(Grouping(attribute=attribute, field=name, names=sorted(known.shares)))
    return found


def _quartiles(bins: NumericBins) -> list[float]:
    """The reference edges nearest to the quartiles of the known values, without repetition."""
    total = sum(bins.shares)
    if not bins.edges or total <= 0:
        return []
    below, sums = 0.0, []
    for share in bins.shares[:-1]:
        below += share
        sums.append(below / total)
    nearest = {min(range(len(sums)), key=lambda i: (abs(sums[i] - mark), i)) for mark in (0.25, 0.5, 0.75)}
    return [bins.edges[index] for index in sorted(nearest)]


def _ranges(edges: list[float]) -> list[str]:
    """Readable names: ``under 30``, ``30 to under 45``, ..., ``65 and over``."""
    between = [f"{low:.6g} to under {high:.6g}" for low, high in pairwise(edges)]
    return [f"under {edges[0]:.6g}", *between, f"{edges[-1]:.6g} and over"]
