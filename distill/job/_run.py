"""Run one job from its config to its exit code."""

from __future__ import annotations

import re
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from distill.executor import ExecutorConfig, open_executor
from distill.job._config import JobConfig
from distill.job._estimate import estimate
from distill.job._events import EventProgress, Events
from distill.job._lease import hold
from distill.job._localise import local_folder, local_spec
from distill.job._mirror import Mirror
from distill.pipeline import Pipeline, RunResult, one_run_at_a_time
from understudy.atomic import write_json
from understudy.audit.signing import open_signer
from understudy.contracts.gates import GateResult
from understudy.errors import UserError
from understudy.objects import open_objects

__all__ = ["run_job"]

READY, DEFECT, BAD_CONFIG, REJECTED, DATA_REFUSED, TRANSIENT = 0, 1, 2, 3, 4, 5
# With what the watching agents read of a run.
RESULTS = [
    *("bundle.zip", "gates/report.json", "report", "job.json", "attempts.json", "stages", "soft/gates.json"),
    *(f"data/{name}.json" for name in ("dataset", "feature_fits", "leakage", "profile", "schema", "splits")),
]
HISTORIES = ("soft/fold*/health.json", "soft/fold*/history.json")
# Scratch of `understudy.atomic` that a killed job left behind: .<name>.<8 random characters>
_SCRATCH = re.compile(r"\..+\.[a-z0-9_]{8}")


class _Stopped(BaseException):
    """The machine is being taken away (SIGTERM)."""


def run_job(config: JobConfig, events: Events) -> int:
    """Run, or go on with, the job of ``config``.

    Exit codes, for an orchestrator:

    - 0: the bundle is there, its gates passed; it may be promoted.
    - 2: the config or the dataset spec is wrong; running again does not help.
    - 3: the gates, or the teacher's health checks, rejected; the report says why.
    - 4: the data were refused; the message names file, row and column, or the leak.
    - 5: transient (a store that cannot be reached, another job on the same output, no memory, the machine taken away):
      run the same config again, it goes on where it stopped.
    - 1: a defect of this program.

    The same config may be run as often as one likes: finished pieces are kept, the results are the same bytes.
    """
    try:
        with _stop_on_sigterm():
            code = _run(config, events)
    except UserError as error:
        code = error.exit_code
        events.emit("refused", exit_code=code, what=error.what, where=error.where, fix=error.fix)
    except (_Stopped, KeyboardInterrupt):
        code = TRANSIENT
        events.emit("stopped", exit_code=code, fix="Run the same config again; it goes on where it stopped.")
    except (OSError, MemoryError) as error:
        code = TRANSIENT
        events.emit("failed", exit_code=code, error=f"{type(error).__name__}: {error}")
    events.emit("ended", exit_code=code)
    return code


def _run(config: JobConfig, events: Events) -> int:
    root = config.workspace
    root.mkdir(parents=True, exist_ok=True)
    with one_run_at_a_time(root):
        _clear_scratch(root)
        if not config.out.startswith("s3://"):
            return _make(config, events, root, None)
        objects = open_objects(config.out)
        with hold(objects) as lease:
            mirror = Mirror(root, objects, lease.require)
            events.emit("resumed", pieces=mirror.pull(), place=objects.url)
            return _make(config, events, root, mirror)


def _make(config: JobConfig, events: Events, root: Path, mirror: Mirror | None) -> int:
    progress = EventProgress(events, mirror.push if mirror else lambda: None)
    dataset = local_spec(config.run.dataset, root / "inputs")
    run = config.run.model_copy(update={"dataset": dataset})
    signer = open_signer(config.signing_key) if config.signing_key else None
    pipeline = Pipeline(run, root, local_folder(config.data, root / "inputs"), progress, config.executor, signer)
    events.emit("began", run=config.run.model_dump(mode="json"), out=config.out, signed=signer is not None)
    _ = pipeline.spec
    _require_data(pipeline)
    _state_plan(pipeline, config.executor, events)
    result = pipeline.make()
    return _conclude(result, root, mirror, events)


def _require_data(pipeline: Pipeline) -> None:
    """Prepare the data; what is wrong with them is not the config's fault."""
    try:
        _ = pipeline.dataset
    except UserError as error:
        if error.exit_code != BAD_CONFIG:
            raise
        raise UserError(error.what, where=error.where, fix=error.fix, exit_code=DATA_REFUSED) from None


def _state_plan(pipeline: Pipeline, config: ExecutorConfig, events: Events) -> None:
    dataset = pipeline.dataset
    executor = open_executor(config, len(dataset.rows("train")))
    plan = estimate(
        dataset,
        pipeline.teacher_config,
        pipeline.distill_config,
        folds=pipeline.config.folds,
        replicates=pipeline.gate_config.bootstrap,
        workers=executor.workers,
        cached_tasks=len(list(pipeline.root.glob("students/*/students.json"))),
    )
    events.emit(
        "plan",
        rows={split: len(dataset.rows(split)) for split in ("train", "valid", "test")},
        features=len(dataset.schema.features),
        tasks=len(dataset.spec.tasks),
        workers=executor.workers,
        at_most=plan.as_event(),
    )


def _conclude(result: RunResult, root: Path, mirror: Mirror | None, events: Events) -> int:
    code = READY if result.report.accepted else REJECTED
    warned = [task.task for task in result.report.tasks for gate in task.gates if _is_bypass(gate)]
    for task in result.report.tasks:
        gates = {gate.gate: gate.status for gate in task.gates}
        events.emit("task", task=task.task, layer=task.layer, reason=task.layer_reason, gates=gates)
    for name in warned:
        events.emit("review", task=name, why="the student beats its teacher beyond noise")
    summary: dict[str, Any] = {
        "exit_code": code,
        "model_version": result.manifest.model_version,
        "accepted": result.report.accepted,
        "reason": result.report.reason,
        "layers": {task.task: task.layer for task in result.report.tasks},
        "review": warned,
    }
    write_json(root / "job.json", summary)
    if mirror:
        mirror.push()
        histories = [path for pattern in HISTORIES for path in sorted(root.glob(pattern))]
        mirror.publish([*RESULTS, *(path.relative_to(root).as_posix() for path in histories)])
    events.emit("result", **summary, memory_bytes=_peak_bytes())
    return code


def _is_bypass(gate: GateResult) -> bool:
    return gate.gate == "bypass" and gate.status == "warn"


def _peak_bytes() -> int:
    import resource

    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(kind).ru_maxrss for kind in kinds) * 1024


def _clear_scratch(root: Path) -> None:
    """Remove what a killed job was writing; nobody else writes here."""
    for path in [path for path in root.rglob(".*") if _SCRATCH.fullmatch(path.name)]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def _stop_on_sigterm() -> Iterator[None]:
    """A spot machine that is taken away sends SIGTERM first: locks and leases are then released in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
