"""The manifest: what is served by which model, and the hash of every file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import understudy
from distill.bundle._models import model_ref
from distill.report import measures_by_model
from understudy.contracts.gates import GateReport, TaskReport
from understudy.contracts.manifest import FileEntry, Manifest, ServedTask
from understudy.stages import fingerprint

if TYPE_CHECKING:
    from distill.soft_labels import SoftLabels
    from distill.students import StudentPair
    from teacher.datasets.dataset import Dataset

__all__ = ["build_manifest", "model_path"]


def model_path(task: str, kind: str) -> str:
    """Where the ``kind`` ("distilled" or "direct") student of ``task`` stands in the bundle."""
    return f"models/{task}.{kind}.txt"


def build_manifest(
    dataset: Dataset,
    soft: SoftLabels,
    students: Mapping[str, StudentPair],
    report: GateReport,
    files: Mapping[str, bytes],
) -> Manifest:
    """Describe ``files``; ``model_version`` is the hash of everything else in the manifest, file hashes included."""
    reports = {task.task: task for task in report.tasks}
    body: dict[str, Any] = {
        "schema_version": 1,
        "dataset": dataset.spec.name,
        "dataset_fingerprint": dataset.fingerprint,
        "code_version": understudy.__version__,
        "seed": dataset.seed,
        "accepted": report.accepted,
        "tasks": [_served(dataset, soft, students, reports[task.name]) for task in dataset.spec.tasks],
        "features": dataset.schema,
        "protected": dataset.glossary.protected,
        "gates": report.config,
        "metrics": {name: _metrics(task) for name, task in reports.items()},
        "files": {
            name: FileEntry(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
            for name, data in sorted(files.items())
        },
    }
    draft = Manifest(model_version="", **body)
    digest = fingerprint(draft.model_dump(mode="json", exclude={"model_version"}))
    return draft.model_copy(update={"model_version": f"{dataset.spec.name}-{digest[:12]}"})


def _served(dataset: Dataset, soft: SoftLabels, students: Mapping[str, StudentPair], report: TaskReport) -> ServedTask:
    spec = dataset.task(report.task)
    pair = students[spec.name]
    return ServedTask(
        name=spec.name,
        type=spec.type,
        group=spec.group,
        classes=spec.classes,
        title=spec.title,
        layer=report.layer,
        distilled=model_ref(pair.distilled, model_path(spec.name, "distilled")),
        direct=model_ref(pair.direct, model_path(spec.name, "direct")),
        teacher_gates=soft.gates.get(spec.name, {}),
    )


def _metrics(report: TaskReport) -> dict[str, float]:
    return {
        f"{model}.{measure.name}": measure.value
        for model, measures in measures_by_model(report).items()
        for measure in measures
        if measure.value is not None
    }
