"""Facts about the data and the labels behind a report, counted rather than asserted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field

from understudy.contracts._model import Contract, Name
from understudy.contracts.gates import GateReport

if TYPE_CHECKING:
    from distill.soft_labels import SoftLabels
    from teacher.datasets.dataset import Dataset

__all__ = [
    "DatasetFacts",
    "LeakageFacts",
    "ReportDocument",
    "SoftLabelFacts",
    "dataset_facts",
    "report_document",
    "soft_label_facts",
]

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class DatasetFacts(Contract):
    """What the models were fitted and measured on."""

    name: Name
    title: str
    description: str
    fingerprint: str
    seed: int
    rows: dict[Split, int]
    shared_rows: int = Field(description="row ids that occur in more than one split; 0 when the splits are disjoint")
    shared_customers: int = Field(description="customer ids that occur in more than one split")
    features: dict[str, int] = Field(description="tier -> number of features")
    sequences: list[str]
    distributions: list[str]
    protected: dict[str, list[str]] = Field(description="protected attribute -> the groups that occur")
    known_labels: dict[str, dict[Split, int]] = Field(description="task -> rows whose label is known")


class SoftLabelFacts(Contract):
    """Who labelled which rows."""

    folds: int
    out_of_fold: int = Field(description="training rows labelled by the teacher that did not see them")
    training_rows: int
    mean_of_all: int = Field(description="validation and test rows, labelled by the mean of all teachers")


class Nearest(Contract):
    """The measurement that came nearest to its bound; it would leak at or above the bound."""

    measure: str
    value: float
    bound: float
    task: str


class LeakageCheck(Contract):
    """One check of the leakage gate over ``measured`` measurements."""

    name: str
    question: str
    status: Literal["pass", "fail", "unknown"]
    measured: int
    note: str
    closest: Nearest | None


class LeakageFacts(Contract):
    """What the leakage gate found when the data was prepared."""

    passed: bool
    checks: list[LeakageCheck]


class ReportDocument(Contract):
    """``report.json``: everything that the page says, for programs."""

    schema_version: Literal[1] = 1
    dataset: DatasetFacts
    soft_labels: SoftLabelFacts
    gates: GateReport
    teacher_gates: dict[str, dict[str, float]]
    leakage: LeakageFacts | None = Field(default=None, description="absent: unknown")


def dataset_facts(dataset: Dataset) -> DatasetFacts:
    """Count rows, overlaps, features and known labels."""
    rows = {split: dataset.rows(split) for split in SPLITS}
    tiers = [feature.tier for feature in dataset.schema.features]
    return DatasetFacts(
        name=dataset.spec.name,
        title=dataset.spec.title,
        description=dataset.spec.description,
        fingerprint=dataset.fingerprint,
        seed=dataset.seed,
        rows={split: len(positions) for split, positions in rows.items()},
        shared_rows=_shared([dataset.row_ids[positions] for positions in rows.values()]),
        shared_customers=_shared([dataset.customer_ids[positions] for positions in rows.values()]),
        features={tier: tiers.count(tier) for tier in sorted(set(tiers))},
        sequences=sorted(dataset.sequences),
        distributions=sorted(dataset.distributions),
        protected={name: [g for g in np.unique(groups).tolist() if g] for name, groups in dataset.protected.items()},
        known_labels={
            task: {split: int((~np.isnan(label[positions])).sum()) for split, positions in rows.items()}
            for task, label in dataset.labels.items()
        },
    )


def soft_label_facts(dataset: Dataset, soft: SoftLabels) -> SoftLabelFacts:
    """Count the folds, and the rows that each kind of label covers."""
    train = dataset.rows("train")
    return SoftLabelFacts(
        folds=int(soft.fold.max()) + 1,
        out_of_fold=int((soft.fold[train] >= 0).sum()),
        training_rows=len(train),
        mean_of_all=int((soft.fold == -1).sum()),
    )


def _shared(parts: list[Any]) -> int:
    """Number of distinct ids that occur in more than one part."""
    _, counts = np.unique(np.concatenate([np.unique(part) for part in parts]), return_counts=True)
    return int((counts > 1).sum())


def report_document(dataset: Dataset, soft: SoftLabels, report: GateReport) -> ReportDocument:
    """Everything that the page says."""
    return ReportDocument(
        dataset=dataset_facts(dataset),
        soft_labels=soft_label_facts(dataset, soft),
        gates=report,
        teacher_gates=soft.gates,
        leakage=read_leakage(dataset.folder / "leakage.json"),
    )


def read_leakage(path: Path) -> LeakageFacts | None:
    """What the leakage gate left beside the prepared data; None (unknown) if it left nothing."""
    if not path.exists():
        return None
    found = json.loads(path.read_bytes())
    return LeakageFacts(passed=found["passed"], checks=[_check(check) for check in found["checks"]])


def _check(check: dict[str, Any]) -> LeakageCheck:
    near = check["closest"]
    return LeakageCheck(
        **{name: check[name] for name in ("name", "question", "status", "measured", "note")},
        closest=Nearest(**{name: near[name] for name in ("measure", "value", "bound", "task")}) if near else None,
    )
