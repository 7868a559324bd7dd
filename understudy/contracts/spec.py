"""The dataset spec: one TOML file that says what each column of a bank's own data is.

A reader of the spec must be able to tell where every number of a model came from, so each column of the base table
has exactly one role: key, feature, label-defining, protected only, or ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, SerializeAsAny, model_validator

from understudy.contracts import event_recipes, fitted_recipes, series_recipes
from understudy.contracts._model import Contract, Name, Sha256, TaskType, Text
from understudy.contracts.gates import GateConfig
from understudy.contracts.recipes import Column, Output, Recipe, Sql, Tree, Trees

__all__ = [
    "DatasetSpec",
    "DistributionSpec",
    "ExpertName",
    "FeatureGroup",
    "ProfileSpec",
    "RuleSpec",
    "SequenceSpec",
    "Source",
    "SplitSpec",
    "TaskSpec",
    "Tier",
    "TimeSplit",
]

ExpertName = Literal["deepfm", "temporal", "hgcn", "perslay", "causal", "lightgcn", "optimal_transport"]
Tier = Literal["plain", "structural", "raw"]
RECIPES = (event_recipes, series_recipes, fitted_recipes)
"""The modules that define the recipes; importing them is what makes their kinds known."""


class Source(Contract):
    """One input: a CSV or Parquet file, the built-in generator, or a SQL view over sources named before it.

    ``path`` is relative to ``UNDERSTUDY_DATA``, or to the spec's folder if it starts with ``./``. A ``.gz`` is read
    as it is; ``member`` names a file inside a ``.zip``. ``columns`` names the columns of a file without a header.
    Recipes read a source by ``key`` (the customer; default: the base table's key) and, if its rows are dated, ``time``.
    ``amounts`` are columns that hold no negative number; one that does is refused by its row.
    """

    name: Name
    kind: Literal["csv", "parquet", "sql", "finsynth"] = "csv"
    path: str | None = None
    member: str | None = None
    delimiter: str = ","
    header: bool = True
    columns: list[Column] | None = None
    null_values: list[str] = [""]
    strip: bool = True
    sql: Sql | None = None
    table: Name | None = None
    key: Column | None = None
    time: Column | None = None
    amounts: list[Column] = []
    sha256: Sha256 | None = None
    url: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Source:
        if self.kind in ("csv", "parquet") and not self.path:
            raise ValueError(f"source {self.name!r} is a {self.kind} file and needs a path")
        if self.kind == "sql" and not self.sql:
            raise ValueError(f"source {self.name!r} is a view and needs sql")
        if self.kind == "finsynth" and not self.table:
            raise ValueError(f"source {self.name!r} is generated and needs the table it stands for")
        if self.kind == "csv" and not self.header and not self.columns:
            raise ValueError(f"source {self.name!r} has no header and needs columns")
        return self


class FeatureGroup(Contract):
    """Features that belong together, their tier, and the experts that see them.

    ``numeric`` and ``categorical`` are columns of the base table; ``compute`` makes more from other sources. The
    columns of a ``raw`` group are no features: distributions and expressions of the spec may read them, no student
    does.
    """

    name: Name
    tier: Tier = "plain"
    experts: list[ExpertName] = ["deepfm", "causal"]
    numeric: list[Column] = []
    categorical: list[Column] = []
    compute: list[SerializeAsAny[Recipe]] = []

    @model_validator(mode="after")
    def _not_empty(self) -> FeatureGroup:
        if not self.numeric and not self.categorical and not self.compute:
            raise ValueError(f"feature group {self.name!r} names no column")
        if self.tier == "raw" and (self.numeric or self.categorical):
            raise ValueError(f"feature group {self.name!r} is raw: name the columns where they are read instead")
        return self

    def outputs(self, trees: Trees) -> list[Output]:
        """All its columns, in order."""
        columns: list[Output] = [(column, "numeric") for column in self.numeric]
        columns += [(column, "categorical") for column in self.categorical]
        return columns + [output for recipe in self.compute for output in recipe.outputs(trees)]


class SequenceSpec(Contract):
    """A numeric sequence per row, oldest step first: ``[rows, length, channels]``, left-padded with zeros and masked.

    ``source`` holds one row per (``key``, ``time``). Only steps before the row's cutoff are read when the split has a
    time column; steps are ordered by ``time``.
    """

    name: Name
    source: Name
    key: Column
    time: Column
    channels: list[Column] = Field(min_length=1)
    length: int = Field(ge=2, le=1024)
    experts: list[ExpertName] = ["temporal"]


class DistributionSpec(Contract):
    """A histogram per row over ordered or named bins: base-table columns, normalised to sum 1 when read.

    Where ``tree`` is set, each column is ``prefix`` and the name of a leaf of that tree.
    """

    name: Name
    columns: list[Column] = Field(min_length=2)
    tree: Name | None = None
    prefix: str = ""
    experts: list[ExpertName] = ["optimal_transport"]


class TaskSpec(Contract):
    """One prediction task.

    ``label`` is a SQL expression over the base table: 0/1 or boolean (binary), a class name (multiclass; ``classes``
    fixes the order), or a number (regression). A NULL label is masked. ``mask`` is an optional SQL condition under
    which the label is known. ``defined_by`` lists the columns that define the label: none may be a feature.
    ``row_weight`` is a SQL expression over the base table: how much a row counts when this task is learned (a survey's
    weight, an inverse probability of having been observed). Scores and gates count every test row once.
    ``truth`` (generated data only) names the columns that hold the true probability or mean given the full history:
    one, or K in the order of ``classes``. They are read for the ceiling alone.
    ``monotone`` binds the students (binary and regression): 1 if the prediction must not fall where this numeric
    feature rises and all else stays, -1 if it must not rise.
    """

    name: Name
    type: TaskType
    group: Name = "default"
    label: Sql
    classes: list[str] | None = None
    mask: Sql | None = None
    weight: float = Field(default=1.0, gt=0)
    row_weight: Sql | None = None
    monotone: dict[Column, Literal[-1, 1]] = {}
    defined_by: list[Column] = []
    truth: list[Column] | None = None
    title: Text | None = None

    @model_validator(mode="after")
    def _classes_fit_type(self) -> TaskSpec:
        if self.type == "multiclass" and (not self.classes or len(self.classes) < 3):
            raise ValueError(f"task {self.name!r} is multiclass and needs at least 3 classes")
        if self.type != "multiclass" and self.classes:
            raise ValueError(f"task {self.name!r} is {self.type}: only a multiclass task names classes")
        if self.classes and len(set(self.classes)) != len(self.classes):
            raise ValueError(f"task {self.name!r} names a class twice")
        if self.type == "multiclass" and self.monotone:
            raise ValueError(f"task {self.name!r} is multiclass: monotone needs a task with one output")
        if self.truth is not None and len(self.truth) != self.width:
            raise ValueError(f"task {self.name!r} has {self.width} outputs but {len(self.truth)} truth columns")
        return self

    @property
    def width(self) -> int:
        """Number of outputs: K classes for a multiclass task, else 1."""
        return len(self.classes) if self.classes else 1


class TimeSplit(Contract):
    """Snapshots in time: training and validation rows at ``train``, test rows at a later ``test`` cutoff (ISO dates).

    ``column`` of the base table holds the cutoff of each row; rows of other (split, cutoff) pairs are left out.
    """

    column: Column
    train: str
    test: str
    label_gap_days: int = Field(ge=7)

    @model_validator(mode="after")
    def _later(self) -> TimeSplit:
        if self.test <= self.train:
            raise ValueError(f"the test cutoff {self.test} must be later than the training cutoff {self.train}")
        return self


class SplitSpec(Contract):
    """Train, validation and test fractions; a row's split is a hash of ``key`` and the seed, never of its position.

    ``key`` (default: the base table's key) keeps groups such as households whole; ``keep_duplicates_together``
    gives rows with equal features the same split.
    """

    key: Column | None = None
    fractions: tuple[float, float, float] = (0.6, 0.2, 0.2)
    keep_duplicates_together: bool = False
    time: TimeSplit | None = None

    @model_validator(mode="after")
    def _sums_to_one(self) -> SplitSpec:
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-9:
            raise ValueError(f"fractions must be positive and sum to 1, not {self.fractions}")
        return self


class ProfileSpec(Contract):
    """SQL expressions over the base table for what suitability needs. A missing one is unknown, and unknown blocks.

    ``owned`` maps a product id to a condition that is true when the customer holds it.
    """

    age: Sql | None = None
    income_krw: Sql | None = None
    risk_tolerance: Sql | None = None
    owned: dict[Name, Sql] = {}


class RuleSpec(Contract):
    """Columns over which the Layer-3 rules tabulate the training rates (for example an age band and the income)."""

    columns: list[Column] = []
    bins: int = Field(default=4, ge=2, le=10)


class DatasetSpec(Contract):
    """A whole dataset spec, version 1."""

    schema_version: Literal[1]
    name: Name
    title: str
    description: str = ""
    sources: list[Source] = Field(min_length=1)
    base: Name
    key: Column
    ignore: list[str] = []
    trees: dict[Name, Tree] = {}
    groups: list[FeatureGroup] = Field(min_length=1)
    sequences: list[SequenceSpec] = []
    distributions: list[DistributionSpec] = []
    tasks: list[TaskSpec] = Field(min_length=1)
    protected: dict[Name, Sql] = {}
    profile: ProfileSpec = ProfileSpec()
    rules: RuleSpec = RuleSpec()
    split: SplitSpec = SplitSpec()
    gates: GateConfig = GateConfig()
    as_of: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = Field(
        default=None, description="ISO date of the data, where no time column tells it"
    )
    catalog: str
    glossary: str | None = None
    sample: int | None = Field(default=None, ge=100)
    generator: dict[str, float | list[str]] = Field(
        default={}, description="settings of generated sources: which planted signals act, how strongly, the disparity"
    )

    def features(self) -> Iterator[tuple[FeatureGroup, str, Literal["numeric", "categorical"]]]:
        """Yield every feature column once: its group, its name, its kind, in the order of the spec."""
        for group in self.groups:
            if group.tier != "raw":
                for column, kind in group.outputs(self.trees):
                    yield group, column, kind

    def recipes(self) -> Iterator[tuple[FeatureGroup, int, Recipe]]:
        """Yield every recipe with its group and its place in it, in the order of the spec."""
        for group in self.groups:
            for index, recipe in enumerate(group.compute):
                yield group, index, recipe

    def computed(self) -> dict[str, Literal["numeric", "categorical"]]:
        """Every computed column, raw ones included, and its kind."""
        return {column: kind for _, _, recipe in self.recipes() for column, kind in recipe.outputs(self.trees)}

    def fitted_columns(self) -> set[str]:
        """The computed columns that are fitted on training rows."""
        return {column for _, _, r in self.recipes() if r.fitted for column, _ in r.outputs(self.trees)}

    @model_validator(mode="after")
    def _roles_do_not_contradict(self) -> DatasetSpec:
        for label, names in (
            ("source", [s.name for s in self.sources]),
            ("group", [g.name for g in self.groups]),
            ("task", [t.name for t in self.tasks]),
            ("feature", [column for group in self.groups for column, _ in group.outputs(self.trees)]),
        ):
            twice = sorted({n for n in names if names.count(n) > 1})
            if twice:
                raise ValueError(f"{label} named twice: {', '.join(twice)}")
        sources = {s.name for s in self.sources}
        for name in [self.base, *(s.source for s in self.sequences)]:
            if name not in sources:
                raise ValueError(f"source {name!r} is not among {sorted(sources)}")
        features = {column for _, column, _ in self.features()}
        numeric = {column for _, column, kind in self.features() if kind == "numeric"}
        if self.key in features:
            raise ValueError(f"the key {self.key!r} cannot be a feature")
        for task in self.tasks:
            leaks = sorted(features.intersection(task.defined_by))
            if leaks:
                raise ValueError(f"task {task.name!r} is defined by {', '.join(leaks)}, which cannot be features")
            unfit = sorted(set(task.monotone) - numeric)
            if unfit:
                raise ValueError(f"task {task.name!r} is monotone in {', '.join(unfit)}, no numeric feature")
            known = sorted(features.intersection(task.truth or []))
            if known:
                raise ValueError(f"task {task.name!r} has the truth column {', '.join(known)} among the features")
        return self
