"""Which expert reads what, and which experts a dataset leaves without input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from teacher.inputs.layout import Feed
from understudy.contracts.spec import DatasetSpec, ExpertName
from understudy.errors import UserError

__all__ = ["NEEDS", "Routing", "route"]

# What an expert cannot do without; flat fields routed to it besides are its context.
NEEDS: dict[ExpertName, str] = {
    "deepfm": "fields",
    "temporal": "sequences",
    "causal": "fields",
    "optimal_transport": "distributions",
}


@dataclass(frozen=True)
class Routing:
    """The feeds of the experts that can be built, and why each of the others is left out."""

    feeds: dict[ExpertName, Feed] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def route(spec: DatasetSpec, columns: Sequence[str], wanted: Sequence[ExpertName] | None) -> Routing:
    """Route feature groups, sequences and distributions to experts as the spec says.

    Args:
        spec: The dataset spec.
        columns: All flat fields in the network's order (numeric, then categorical).
        wanted: The experts to build (None: every expert).

    Raises:
        UserError: no expert has the input it needs.
    """
    position = {column: index for index, column in enumerate(columns)}
    readers = {column: group.experts for group, column, _ in spec.features()}
    routing = Routing()
    for expert in NEEDS if wanted is None else wanted:
        if expert not in NEEDS:
            routing.left_out[expert] = "is not built in"
            continue
        feed = Feed(
            fields=sorted(position[column] for column, experts in readers.items() if expert in experts),
            sequences=[item.name for item in spec.sequences if expert in item.experts],
            distributions=[item.name for item in spec.distributions if expert in item.experts],
        )
        if getattr(feed, NEEDS[expert]):
            routing.feeds[expert] = feed
        else:
            routing.left_out[expert] = f"the dataset routes no {NEEDS[expert]} to it"
    if not routing.feeds:
        raise UserError(
            "no expert has the input it needs",
            where=f"dataset {spec.name}",
            fix="Route a feature group to deepfm (groups[].experts) or ask for other experts.",
        )
    return routing
