"""P4: do the students that serve stand in for their teacher?"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from io import BytesIO
from typing import Any

from agents.checklist.measuring.training import manifest_evidence
from agents.checklist.night import Night
from agents.checklist.papers import MissingEvidenceError, Papers
from agents.checklist.registry import Value, measures
from understudy.contracts.manifest import Isotonic, Manifest, ModelRef, Platt, ServedTask, Temperature

__all__ = ["gate_measure", "serving_students"]

GATES, LATENCY = "gates/report.json", "stages/latency.json"
_FEATURES = re.compile(rb"^max_feature_idx=(\d+)$", re.MULTILINE)


@measures("distillation_kl")
def distillation_kl(night: Night) -> Value:
    """Mean KL(teacher || student) on the test rows, in nats, of the worst task that a distilled student serves."""
    found = _measured(night, "fidelity", "kl")
    worst = max(found, key=lambda task: (found[task]["value"], task))
    low, high, value = (found[worst][name] for name in ("low", "high", "value"))
    detail = {"task": worst, "all": {task: kl["value"] for task, kl in found.items()}}
    evidence = night.papers.evidence(GATES)
    return Value(value, evidence, low, high, n=found[worst]["rows"], unit="nats", detail=detail)


@measures("auc_retention")
def auc_retention(night: Night) -> Value:
    """AUC of the distilled student over its teacher's, on the test rows; the worst binary task that it serves."""
    metrics = night.serving().manifest.metrics
    kept = {
        task.name: metrics[task.name]["distilled.auc"] / metrics[task.name]["teacher.auc"]
        for task, _ in serving_students(night, "distilled")
        if task.type == "binary" and "teacher.auc" in metrics.get(task.name, {})
    }
    if not kept:
        raise MissingEvidenceError("no distilled student serves a binary task")
    worst = min(kept, key=lambda task: (kept[task], task))
    detail = {"task": worst, "all": kept}
    return Value(kept[worst], [manifest_evidence(night)], n=len(kept), unit="share", detail=detail)


@measures("feature_count_mismatch")
def feature_count_mismatch(night: Night) -> Value:
    """Models of the bundle that do not read exactly as many features as its schema has."""
    bundle = night.serving()
    expected = len(bundle.manifest.features.features)
    found = {}
    for _, ref in _models(bundle.manifest):
        match = _FEATURES.search(bundle.read(ref.path))
        found[ref.path] = int(match[1]) + 1 if match else 0
    wrong = {path: count for path, count in found.items() if count != expected}
    detail = {"schema": expected, "wrong": wrong}
    return Value(len(wrong), [manifest_evidence(night)], n=len(found), unit="models", detail=detail)


@measures("size_ratio")
def size_ratio(night: Night) -> Value:
    """Bytes of the students that serve over the bytes of one teacher."""
    manifest = night.serving().manifest
    students = sum(manifest.files[ref.path].bytes for _, ref in serving_students(night))
    teacher = float(night.papers.json(LATENCY)["result"]["teacher_bytes"])
    detail = {"students_bytes": students, "teacher_bytes": teacher}
    evidence = [*night.papers.evidence(LATENCY), manifest_evidence(night)]
    return Value(students / teacher, evidence, unit="share", detail=detail)


@measures("calibration_temperature")
def calibration_temperature(night: Night) -> Value:
    """The temperature by which a serving student's raw scores are divided, furthest from 1 on a log scale: ``t`` of a
    temperature, ``1/a`` of a Platt calibrator, 1 where the scores are told as they are. Far from 1 the student was
    much too sure, or much too timid. An isotonic calibrator has none."""
    found = {task.name: t for task, ref in serving_students(night) if (t := _temperature(ref)) is not None}
    if not found:
        raise MissingEvidenceError("no serving student's calibrator has a temperature")
    worst = max(found, key=lambda task: (_distance(found[task]), task))
    return Value(found[worst], [manifest_evidence(night)], n=len(found), detail={"task": worst, "all": found})


@measures("loss_ratio")
def loss_ratio(night: Night) -> Value:
    """Loss of the serving student over its teacher's on the test rows, worst task. Classes: log loss; regression: root
    mean squared error."""
    metrics = night.serving().manifest.metrics
    found = {}
    for task, _ in serving_students(night):
        values = metrics.get(task.name, {})
        loss = "rmse" if task.type == "regression" else "log_loss"
        if values.get(f"teacher.{loss}", 0) > 0 and f"{task.layer}.{loss}" in values:
            found[task.name] = values[f"{task.layer}.{loss}"] / values[f"teacher.{loss}"]
    if not found:
        raise MissingEvidenceError("the bundle holds no student's loss beside its teacher's")
    worst = max(found, key=lambda task: (found[task], task))
    return Value(found[worst], [manifest_evidence(night)], n=len(found), detail={"task": worst, "all": found})


@measures("attribution_reversals")
def attribution_reversals(night: Night) -> Value:
    """Serving models whose told score does not rise with the raw score that contributions add up to (a Platt slope or a
    scale that is not positive, an isotonic curve that is flat): what is told as a reason for would be one against."""
    students = serving_students(night)
    reversed_ = sorted(task.name for task, ref in students if not _rises(ref))
    detail = {"tasks": reversed_}
    return Value(len(reversed_), [manifest_evidence(night)], n=len(students), unit="models", detail=detail)


@measures("bundle_artifact")
def bundle_artifact(night: Night) -> Value:
    """1 if the run left its bundle behind, with every file of its manifest under the sha256 that it names."""
    read, place = _left_bundle(night.papers)
    manifest = Manifest.model_validate_json(read("manifest.json") or b"")
    wrong = [name for name, entry in manifest.files.items() if not _is(read(name), entry.sha256)]
    detail = {"model_version": manifest.model_version, "lacking or altered": wrong[:20]}
    return Value(float(not wrong), night.papers.evidence(place), n=len(manifest.files), detail=detail)


@measures("serving_ece")
def serving_ece(night: Night) -> Value:
    """Expected calibration error of the serving student on the test rows, worst task (regression has none)."""
    metrics = night.serving().manifest.metrics
    found = {
        task.name: metrics[task.name][name]
        for task, _ in serving_students(night)
        if (name := f"{task.layer}.ece") in metrics.get(task.name, {})
    }
    if not found:
        raise MissingEvidenceError("no serving student's calibration was measured")
    worst = max(found, key=lambda task: (found[task], task))
    return Value(found[worst], [manifest_evidence(night)], n=len(found), detail={"task": worst, "all": found})


@measures("latency_ratio")
def latency_ratio(night: Night) -> Value:
    """Median time to score a customer for all tasks: distilled students over the teacher, both in Python, one row."""
    timed = night.papers.json(LATENCY)["result"]
    detail = {name: timed[name] for name in ("students_ms", "teacher_ms")}
    value = timed["students_ms"] / timed["teacher_ms"]
    return Value(value, night.papers.evidence(LATENCY), n=int(timed["rows"]), unit="share", detail=detail)


def serving_students(night: Night, layer: str | None = None) -> list[tuple[ServedTask, ModelRef]]:
    """Tasks that a student serves (of ``layer``), with the model that does.

    Raises:
        MissingEvidenceError: there is none.
    """
    tasks = [task for task in night.serving().manifest.tasks if layer in (None, task.layer)]
    found = [(task, ref) for task in tasks if (ref := getattr(task, task.layer, None)) is not None]
    if not found:
        raise MissingEvidenceError(f"no task is served by a {layer or 'trained'} student")
    return found


def gate_measure(night: Night, task: str, gate: str, name: str) -> Mapping[str, Any] | None:
    """One measure of the gate report, or None where the gate did not take it."""
    for entry in night.papers.json(GATES)["tasks"]:
        if entry["task"] == task:
            measured = [m for g in entry["gates"] if g["gate"] == gate for m in g["measures"] if m["name"] == name]
            return next((m for m in measured if m["value"] is not None), None)
    return None


def _measured(night: Night, gate: str, name: str) -> dict[str, Mapping[str, Any]]:
    tasks = [task.name for task, _ in serving_students(night, "distilled")]
    found = {task: m for task in tasks if (m := gate_measure(night, task, gate, name)) is not None}
    if not found:
        raise MissingEvidenceError(f"the gate report holds no {name} of a task that a distilled student serves")
    return found


def _models(manifest: Manifest) -> Iterator[tuple[ServedTask, ModelRef]]:
    for task in manifest.tasks:
        yield from ((task, ref) for ref in (task.distilled, task.direct) if ref is not None)


def _temperature(ref: ModelRef) -> float | None:
    calibrator = ref.calibrator
    if isinstance(calibrator, Temperature):
        return calibrator.t
    if isinstance(calibrator, Platt):
        return 1 / calibrator.a if calibrator.a else 0.0
    return None if isinstance(calibrator, Isotonic) else 1.0


def _distance(temperature: float) -> float:
    return abs(math.log(temperature)) if temperature > 0 else math.inf


def _rises(ref: ModelRef) -> bool:
    calibrator = ref.calibrator
    if isinstance(calibrator, Platt):
        return calibrator.a > 0
    if isinstance(calibrator, Isotonic):
        return calibrator.y[-1] > calibrator.y[0]
    return ref.scale > 0


def _left_bundle(papers: Papers) -> tuple[Callable[[str], bytes | None], str]:
    archive = papers.found("bundle.zip")
    if archive is None:
        if papers.found("bundle/manifest.json") is None:
            raise MissingEvidenceError("the run has left neither bundle.zip nor bundle/manifest.json")
        return lambda name: papers.found(f"bundle/{name}"), "bundle/manifest.json"
    opened = zipfile.ZipFile(BytesIO(archive))
    names = set(opened.namelist())
    return lambda name: opened.read(name) if name in names else None, "bundle.zip"


def _is(data: bytes | None, digest: str) -> bool:
    return data is not None and sha256(data).hexdigest() == digest
