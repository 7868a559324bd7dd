"""From a dataset's rows to the network's tensors; every statistic is fitted on the given training rows only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from teacher.config import TeacherConfig
from teacher.inputs.boosted import PREFIX, BoostedLeaves, column_names
from teacher.inputs.diagrams import diagrams
from teacher.inputs.graph import ProductGraph, is_flag
from teacher.inputs.layout import Layout, TaskLayout
from teacher.inputs.quantiles import QuantileMap
from teacher.inputs.routing import Routing, route
from teacher.inputs.steps import StepScale
from teacher.inputs.tensors import Inputs
from teacher.inputs.trees import tree_layout

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["TeacherInputs"]


@dataclass(frozen=True)
class TeacherInputs:
    """The fitted encoders and the layout that they produce.

    Attributes:
        layout: Columns, routing and tasks.
        left_out: Experts that are not built, and why.
        quantiles: Transform of the numeric columns.
        frequencies: Per categorical column ``[K + 1]``: standardised log training frequency of missing-or-unseen and
            of each category. It is the fixed number by which a category enters the structural layer; a learned number
            could make itself easy to predict.
        steps: Per sequence, its standardisation.
        graph: The customer-product graph of the training rows (without products: empty).
        boosted: Out-of-fold boosters whose leaf values are numeric columns after the dataset's own, if asked for.
    """

    layout: Layout
    left_out: dict[str, str]
    quantiles: QuantileMap
    frequencies: list[NDArray[np.float32]]
    steps: dict[str, StepScale]
    graph: ProductGraph
    boosted: BoostedLeaves | None = None

    @classmethod
    def fit(cls, dataset: Dataset, train: NDArray[np.int64], config: TeacherConfig) -> TeacherInputs:
        """Fit every encoder on the rows at positions ``train``.

        Raises:
            UserError: no expert has the input it needs.
        """
        numeric, categorical = _columns(dataset)
        features = dataset.features[train]
        flags = [index for index in numeric if is_flag(features[:, index])]
        layout, routing = _layout(dataset, config, {dataset.schema.features[index].name for index in flags})
        boosted = BoostedLeaves.fit(dataset, train, config.boosters, config.seed) if config.boosters else None
        numbers = _numbers(dataset, train, boosted)
        return cls(
            layout=layout,
            left_out=routing.left_out,
            quantiles=QuantileMap.fit(numbers, config.bins),
            frequencies=[
                _frequencies(_codes(features[:, [column]])[:, 0], cardinality)
                for column, cardinality in zip(categorical, layout.cardinalities, strict=True)
            ],
            steps={
                name: StepScale.fit(dataset.sequences[name].values[train], dataset.sequences[name].mask[train])
                for name in layout.sequences
            },
            graph=ProductGraph.fit(_holdings(numbers, layout)),
            boosted=boosted,
        )

    def encode(self, dataset: Dataset, positions: NDArray[np.int64]) -> Inputs:
        """Encode the rows at ``positions`` (on the host; move the result with ``Inputs.to``)."""
        _, categorical_columns = _columns(dataset)
        features = dataset.features[positions]
        numbers = _numbers(dataset, positions, self.boosted)
        scores = self.quantiles.transform(numbers)
        missing = np.isnan(scores)
        scores = np.where(missing, np.float32(0.0), scores)
        codes = _codes(features[:, categorical_columns])
        ranks = [table[codes[:, index]] for index, table in enumerate(self.frequencies)]
        masks = {name: dataset.sequences[name].mask[positions] for name in self.steps}
        return Inputs(
            numeric=torch.from_numpy(scores),
            missing=torch.from_numpy(missing.astype(np.float32)),
            codes=torch.from_numpy(codes),
            scalars=torch.from_numpy(np.column_stack([scores, *ranks]).astype(np.float32)),
            sequences={
                name: torch.from_numpy(scale.transform(dataset.sequences[name].values[positions], masks[name]))
                for name, scale in self.steps.items()
            },
            masks={name: torch.from_numpy(mask) for name, mask in masks.items()},
            distributions={
                name: torch.from_numpy(dataset.distributions[name][positions]) for name in self.layout.distributions
            },
            diagrams={
                name: torch.from_numpy(diagrams(dataset.sequences[name].values[positions], masks[name]))
                for name in (self.layout.feeds["perslay"].sequences if "perslay" in self.layout.feeds else [])
            },
            holdings=torch.from_numpy(_holdings(numbers, self.layout)),
        )

    def tensors(self) -> dict[str, Tensor]:
        """The fitted state as plain tensors."""
        state = {
            "knots": torch.from_numpy(self.quantiles.knots),
            "edges": torch.from_numpy(self.quantiles.edges),
            "graph.degrees": torch.from_numpy(self.graph.degrees),
            "graph.two_hop": torch.from_numpy(self.graph.two_hop),
        }
        for index, table in enumerate(self.frequencies):
            state[f"frequencies.{index}"] = torch.from_numpy(table)
        for name, scale in self.steps.items():
            parts = np.stack([scale.centre, scale.spread, scale.mean, scale.std])
            state[f"steps.{name}"] = torch.from_numpy(parts)
        if self.boosted is not None:
            state["boosted.rows"] = torch.from_numpy(self.boosted.rows)
            state["boosted.folds"] = torch.from_numpy(self.boosted.folds)
        return state

    @classmethod
    def restore(
        cls, layout: Layout, left_out: dict[str, str], state: dict[str, Tensor], boosters: list[list[str]]
    ) -> TeacherInputs:
        """The inverse of ``tensors``; ``boosters`` are the model texts of ``boosted`` (none: an empty list)."""
        return cls(
            layout=layout,
            left_out=left_out,
            quantiles=QuantileMap(state["knots"].numpy(), state["edges"].numpy()),
            frequencies=[state[f"frequencies.{index}"].numpy() for index in range(len(layout.categorical))],
            steps={name: StepScale(*state[f"steps.{name}"].numpy()) for name in layout.sequences},
            graph=ProductGraph(state["graph.degrees"].numpy(), state["graph.two_hop"].numpy()),
            boosted=_boosted(layout, state, boosters) if boosters else None,
        )


def _columns(dataset: Dataset) -> tuple[list[int], list[int]]:
    kinds = [feature.kind for feature in dataset.schema.features]
    numeric = [index for index, kind in enumerate(kinds) if kind == "numeric"]
    return numeric, [index for index, kind in enumerate(kinds) if kind == "categorical"]


def _numbers(dataset: Dataset, positions: NDArray[np.int64], boosted: BoostedLeaves | None) -> NDArray[np.float64]:
    """The numeric columns of the rows, the boosters' behind the dataset's own."""
    numeric, _ = _columns(dataset)
    own = dataset.features[positions][:, numeric]
    return own if boosted is None else np.column_stack([own, boosted.scores(dataset, positions)])


def _boosted(layout: Layout, state: dict[str, Tensor], boosters: list[list[str]]) -> BoostedLeaves:
    names = [name for name in layout.numeric if name.startswith(PREFIX)]
    widths = [sum(name.startswith(f"{PREFIX}{task.name}:") for name in names) for task in layout.tasks]
    return BoostedLeaves(boosters, widths, state["boosted.rows"].numpy(), state["boosted.folds"].numpy())


def _layout(dataset: Dataset, config: TeacherConfig, flags: set[str]) -> tuple[Layout, Routing]:
    features = dataset.schema.features
    numeric_columns, categorical_columns = _columns(dataset)
    numeric = [features[index].name for index in numeric_columns]
    categorical = [features[index].name for index in categorical_columns]
    boosted = column_names(dataset.spec.tasks) if config.boosters else []
    numeric += boosted
    routing = route(dataset.spec, numeric + categorical, flags, config.experts, boosted)
    sequences = {name for feed in routing.feeds.values() for name in feed.sequences}
    distributions = {name for feed in routing.feeds.values() for name in feed.distributions}
    return Layout(
        numeric=numeric,
        categorical=categorical,
        cardinalities=[len(features[index].categories or []) for index in categorical_columns],
        sequences={name: _shape(dataset, name) for name in sorted(sequences)},
        distributions={name: dataset.distributions[name].shape[1] for name in sorted(distributions)},
        trees={
            item.name: tree
            for item in dataset.spec.distributions
            if item.name in distributions and (tree := tree_layout(dataset.spec, item)) is not None
        },
        feeds=routing.feeds,
        tasks=[
            TaskLayout(name=task.name, type=task.type, group=task.group, width=task.width, weight=task.weight)
            for task in dataset.spec.tasks
        ],
    ), routing


def _shape(dataset: Dataset, name: str) -> tuple[int, int]:
    _, length, channels = dataset.sequences[name].values.shape
    return length, channels


def _holdings(numeric: NDArray[np.float64], layout: Layout) -> NDArray[np.float32]:
    products = layout.feeds["lightgcn"].products if "lightgcn" in layout.feeds else []
    held: NDArray[np.float32] = (numeric[:, products] == 1.0).astype(np.float32)
    return held


def _codes(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.where(np.isnan(values), 0.0, values + 1.0).astype(np.int64)


def _frequencies(codes: NDArray[np.int64], cardinality: int) -> NDArray[np.float32]:
    counts = np.bincount(codes, minlength=cardinality + 1).astype(np.float64)
    scores = np.log1p(counts)
    weights = counts / max(counts.sum(), 1.0)
    mean = float(np.sum(weights * scores))
    std = float(np.sqrt(np.sum(weights * (scores - mean) ** 2)))
    return ((scores - mean) / (std if std > 1e-8 else 1.0)).astype(np.float32)
