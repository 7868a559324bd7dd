"""Write the bundle: a directory and, beside it, one zip of the same files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from distill.bundle._archive import zip_bytes
from distill.bundle._correlated import with_correlations
from distill.bundle._manifest import build_manifest, model_path
from distill.bundle._models import portable_text
from distill.psi import psi_reference
from distill.report import render_report
from understudy.atomic import atomic_directory, canonical_json, write_bytes
from understudy.audit.signing import Signer
from understudy.bundle import SIGNATURE
from understudy.bundle_signature import sign_manifest
from understudy.contracts._model import Contract
from understudy.contracts.gates import GateReport
from understudy.contracts.manifest import Manifest
from understudy.contracts.reasons import TemplateSet
from understudy.contracts.rules import RuleSet
from understudy.errors import UserError

if TYPE_CHECKING:
    from distill.soft_labels import SoftLabels
    from distill.students import StudentPair
    from teacher.datasets.dataset import Dataset

__all__ = ["write_bundle"]


def write_bundle(
    dataset: Dataset,
    soft: SoftLabels,
    students: Mapping[str, StudentPair],
    report: GateReport,
    rules: RuleSet,
    out: Path,
    *,
    templates: TemplateSet,
    signer: Signer | None = None,
) -> Manifest:
    """Write the directory ``out`` and the archive ``out``.zip beside it; equal inputs give equal bytes.

    Both students of every task are packed: the direct one is the layer below the distilled one. A rejected report
    gives a bundle too (its manifest says ``accepted: false``), so that what was refused can be examined.

    Args:
        dataset: The data behind the models: schema, catalog, glossary, and the training rows for the PSI reference.
        soft: The teacher's labels, for the report's plots and the experts' gate weights.
        students: Task -> its two students; every task of the dataset's spec.
        report: What the gates said; decides the layer that serves each task.
        rules: Layer 3.
        out: The bundle's directory; replaced as a whole.
        templates: The reason sentences that the function speaks.
        signer: Signs the manifest (``signature.json``). Ed25519 signs equal bytes equally; ECDSA in KMS does not.

    Raises:
        UserError: a task of the spec has no students or no gate report, or the key cannot be used.
    """
    _require_complete(dataset, students, report)
    files = _documents(dataset, rules, templates) | _models(students)
    files |= render_report(dataset, soft, students, report)
    manifest = build_manifest(dataset, soft, students, report, files)
    files["manifest.json"] = _json(manifest)
    if signer is not None:
        files[SIGNATURE] = sign_manifest(files["manifest.json"], signer)
    with atomic_directory(out) as scratch:
        _write_all(scratch, files)
    archive = out.with_name(f"{out.name}.zip")
    write_bytes(archive, zip_bytes(files))
    archive.chmod(0o644)
    return manifest


def _require_complete(dataset: Dataset, students: Mapping[str, StudentPair], report: GateReport) -> None:
    for what, known in (("students", set(students)), ("gate report", {task.task for task in report.tasks})):
        missing = [task.name for task in dataset.spec.tasks if task.name not in known]
        if missing:
            raise UserError(
                f"no {what} for {', '.join(missing)}",
                where=f"dataset {dataset.spec.name}",
                fix="Run the stages before the bundle for every task of the spec.",
            )


def _documents(dataset: Dataset, rules: RuleSet, templates: TemplateSet) -> dict[str, bytes]:
    return {
        "rules.json": _json(rules),
        "catalog.json": _json(dataset.catalog),
        "glossary.json": _json(with_correlations(dataset)),
        "templates.json": _json(templates),
        "psi.json": _json(psi_reference(dataset)),
        "feature_fits.json": _json(dataset.fits),
    }


def _models(students: Mapping[str, StudentPair]) -> dict[str, bytes]:
    return {
        model_path(task, kind): portable_text(student.text).encode()
        for task, pair in students.items()
        for kind, student in (("distilled", pair.distilled), ("direct", pair.direct))
    }


def _json(contract: Contract) -> bytes:
    return canonical_json(contract.model_dump(mode="json"))


def _write_all(folder: Path, files: Mapping[str, bytes]) -> None:
    (folder / "models").mkdir()
    for directory in (folder, folder / "models"):
        directory.chmod(0o755)
    for name, data in files.items():
        path = folder / name
        path.write_bytes(data)
        path.chmod(0o644)
