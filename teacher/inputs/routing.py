"""Which expert reads what, and which experts a dataset leaves without input."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from teacher.inputs.layout import Feed
from understudy.contracts.spec import DatasetSpec, ExpertName
from understudy.errors import UserError

__all__ = ["NEEDS", "Routing", "route"]

# What an expert cannot do without, and in words; flat fields routed to it besides are its context.
NEEDS: dict[ExpertName, tuple[str, str]] = {
    "deepfm": ("fields", "fields"),
    "temporal": ("sequences", "sequences"),
    "hgcn": ("distributions", "distributions over a tree"),
    "perslay": ("sequences", "sequences"),
    "causal": ("fields", "fields"),
    "lightgcn": ("products", "holdings (fields of 0 and 1)"),
    "optimal_transport": ("distributions", "distributions"),
}
# A graph of fewer products has nothing to propagate.
MIN_PRODUCTS = 4


@dataclass(frozen=True)
class Routing:
    """The feeds of the experts that can be built, and why each of the others is left out."""

    feeds: dict[ExpertName, Feed] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def route(
    spec: DatasetSpec,
    columns: Sequence[str],
    flags: Collection[str],
    wanted: Sequence[ExpertName] | None,
    boosted: Sequence[str] = (),
) -> Routing:
    """Route feature groups, sequences and distributions to experts as the spec says.

    Args:
        spec: The dataset spec.
        columns: All flat fields in the network's order (numeric, then categorical).
        flags: The numeric fields that are 0 or 1 in every training row, and not always the same.
        wanted: The experts to build (None: every expert).
        boosted: The fields that boosters add; of the named experts deepfm reads them, as all gates and task experts do.

    Raises:
        UserError: no expert has the input it needs.
    """
    position = {column: index for index, column in enumerate(columns)}
    readers: dict[str, list[ExpertName]] = {column: group.experts for group, column, _ in spec.features()}
    readers |= {column: ["deepfm"] for column in boosted}
    routing = Routing()
    for expert in NEEDS if wanted is None else wanted:
        if expert not in NEEDS:
            routing.left_out[expert] = "is not built in"
            continue
        fields = sorted(position[column] for column, experts in readers.items() if expert in experts)
        feed = Feed(
            fields=fields,
            sequences=[item.name for item in spec.sequences if expert in item.experts],
            distributions=[
                item.name for item in spec.distributions if expert in item.experts and (expert != "hgcn" or item.tree)
            ],
            products=_products(columns, fields, flags) if expert == "lightgcn" else [],
        )
        need, words = NEEDS[expert]
        if getattr(feed, need):
            routing.feeds[expert] = feed
        else:
            routing.left_out[expert] = f"the dataset routes no {words} to it"
    if not routing.feeds:
        raise UserError(
            "no expert has the input it needs",
            where=f"dataset {spec.name}",
            fix="Route a feature group to deepfm (groups[].experts) or ask for other experts.",
        )
    return routing


def _products(columns: Sequence[str], fields: Sequence[int], flags: Collection[str]) -> list[int]:
    products = [index for index in fields if columns[index] in flags]
    return products if len(products) >= MIN_PRODUCTS else []
