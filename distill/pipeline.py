"""The offline half of the one path: data, teacher, soft labels, students, gates, bundle, report.

Every stage is skipped when its record says it finished with the same inputs and the same code, so a killed run goes
on where it stopped. The command line, the batch job and the benchmarks all call these.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from distill.attempts import recorded
from understudy.contracts._model import Contract
from understudy.contracts.gates import GateConfig, GateReport
from understudy.contracts.manifest import Manifest
from understudy.errors import UserError
from understudy.progress import Progress
from understudy.stages import RunDirectory

if TYPE_CHECKING:
    from distill import DistillConfig, SoftLabels, StudentPair
    from distill.executor import Executor, ExecutorConfig
    from teacher import TeacherConfig
    from teacher.datasets import Dataset, LoadedSpec
    from understudy.audit.signing import Signer

__all__ = ["Pipeline", "RunConfig", "RunResult", "one_run_at_a_time"]

ROOT = Path(__file__).resolve().parent.parent


class RunConfig(Contract):
    """What a run was asked to do; with the data and the code it determines every byte of the bundle."""

    dataset: str
    seed: int = 7
    folds: int = 3
    customers: int | None = None
    preset: Literal["standard", "quick"] = "standard"
    on_fidelity_failure: Literal["reject", "fallback"] | None = None
    augment: float = Field(
        default=0.0, ge=0, le=4, description="rows that only the teacher labels, as a share of the training rows"
    )
    teacher: dict[str, Any] = Field(
        default={}, description="hyper-parameters of the teacher that differ from the preset"
    )


@dataclass(frozen=True)
class RunResult:
    """Where the output lies and what the gates said."""

    root: Path
    bundle: Path
    report: GateReport
    manifest: Manifest


@dataclass
class Pipeline:
    """The stages of one run directory, each callable on its own; asking for one makes those before it.

    Args:
        config: What to run.
        root: The run directory.
        data_dir: Folder of the real data files (``UNDERSTUDY_DATA``); not part of the fingerprint, the bytes are.
        progress: Where long work is shown.
        executor: Where students are fitted (default: by the number of rows); it changes no byte.
        signer: Signs the bundle.
    """

    config: RunConfig
    root: Path
    data_dir: Path | None
    progress: Progress
    executor: ExecutorConfig | None = None
    signer: Signer | None = None
    _run: RunDirectory = field(init=False)

    def __post_init__(self) -> None:
        self._run = RunDirectory(self.root)

    @cached_property
    def spec(self) -> LoadedSpec:
        """The dataset spec with its catalog and glossary; refused if a gate asks what no model reaches."""
        from distill import require_reachable
        from teacher.datasets import load_spec

        loaded = load_spec(self.config.dataset)
        require_reachable(loaded.spec.gates, loaded.spec.tasks)
        return loaded

    @cached_property
    def dataset(self) -> Dataset:
        """Validated, split, leak-checked data (``data/``)."""
        from teacher.datasets import open_dataset, prepare
        from teacher.datasets.sources import source_digests

        inputs = {
            "spec": self.spec.spec.model_dump(mode="json"),
            "catalog": self.spec.catalog.model_dump(mode="json"),
            "glossary": self.spec.glossary.model_dump(mode="json"),
            "files": source_digests(self.spec, self.data_dir),
            "seed": self.config.seed,
            "customers": self.config.customers,
            "code": source_fingerprint(
                "teacher/datasets", "teacher/features", "teacher/leakage", "understudy/contracts"
            ),
        }
        folder = self.root / "data"
        if self._run.finished("data", inputs) is None:
            summary = prepare(
                self.spec,
                folder,
                data_dir=self.data_dir,
                seed=self.config.seed,
                customers=self.config.customers,
                progress=self.progress,
            )
            self._run.finish("data", inputs, summary)
        return open_dataset(folder)

    @cached_property
    def teacher_config(self) -> TeacherConfig:
        from teacher import TeacherConfig

        rows = len(self.dataset.rows("train"))
        preset = TeacherConfig.for_rows(rows, seed=self.config.seed, quick=self.config.preset == "quick")
        return preset.changed(self.config.teacher) if self.config.teacher else preset

    @cached_property
    def distill_config(self) -> DistillConfig:
        from distill import DistillConfig

        rows = len(self.dataset.rows("train"))
        return DistillConfig.for_rows(rows, seed=self.config.seed, quick=self.config.preset == "quick")

    @cached_property
    def gate_config(self) -> GateConfig:
        policy = self.config.on_fidelity_failure
        gates = self.spec.spec.gates
        return gates if policy is None else gates.model_copy(update={"on_fidelity_failure": policy})

    @cached_property
    def soft(self) -> SoftLabels:
        """K teachers and their out-of-fold soft labels (``soft/``, ``soft/fold<k>/``) of the dataset's rows."""
        from distill.soft_labels import first_rows

        return first_rows(self._lesson[1], len(self.dataset.row_ids))

    @cached_property
    def students(self) -> dict[str, StudentPair]:
        """The distilled and the direct student of every task (``students/``)."""
        from distill import fit_students

        taught, soft = self._lesson
        return fit_students(taught, soft, self.distill_config, self.root / "students", self.progress, self._executor)

    @cached_property
    def _lesson(self) -> tuple[Dataset, SoftLabels]:
        """The rows from which students learn, added ones included, and what the teacher says of them."""
        from distill import label_out_of_fold
        from distill.soft_labels import augmented

        taught = augmented(self.dataset, self.config.augment, self.config.seed)
        out, folds = self.root / "soft", self.config.folds
        return taught, label_out_of_fold(
            taught, self.teacher_config, folds=folds, out=out, progress=self.progress, executor=self._executor
        )

    @cached_property
    def _executor(self) -> Executor:
        from distill.executor import ExecutorConfig, open_executor

        return open_executor(self.executor or ExecutorConfig(), len(self.dataset.rows("train")))

    @cached_property
    def report(self) -> GateReport:
        """What the gates say on the test rows (``gates/report.json``)."""
        from distill import evaluate_gates
        from understudy.atomic import write_json
        from understudy.contracts._model import read_json

        inputs = self._student_inputs() | {
            "gates": self.gate_config.model_dump(),
            "code": source_fingerprint("distill"),
        }
        path = self._run.folder("gates") / "report.json"
        if self._run.finished("gates", inputs) is None:
            report = evaluate_gates(self.dataset, self.soft, self.students, self.gate_config)
            write_json(path, report.model_dump(mode="json"))
            self._run.finish("gates", inputs, {"accepted": report.accepted})
        return read_json(GateReport, path)

    @cached_property
    def manifest(self) -> Manifest:
        """The bundle (``bundle/`` and ``bundle.zip``) and the report (``report/``)."""
        from agents.feature_selector import refuse_gaps
        from agents.reason_generator import load_templates
        from agents.safety_gate import SafetyGate, load_rules, refuse_unsafe
        from distill import fit_rules, write_bundle, write_report

        # Free text of the catalog and the glossary reaches customers: what the gate would stop never gets packed.
        refuse_unsafe(self.dataset.catalog, self.dataset.glossary, SafetyGate(load_rules()))
        refuse_gaps(self.dataset.glossary, self.dataset.schema.names)

        write_report(self.dataset, self.soft, self.students, self.report, self.root / "report")
        return write_bundle(
            self.dataset,
            self.soft,
            self.students,
            self.report,
            fit_rules(self.dataset),
            self.root / "bundle",
            templates=load_templates(),
            signer=self.signer,
        )

    def run(self) -> RunResult:
        """Make everything that is missing, while nobody else does."""
        with one_run_at_a_time(self.root):
            return self.make()

    def make(self) -> RunResult:
        """Make everything that is missing; the caller holds the directory (`one_run_at_a_time`).

        ``attempts.json`` remembers that it was tried, and how it ended.
        """
        with recorded(self.root) as finish:
            result = self._make()
            finish(
                fingerprint=self.dataset.fingerprint,
                rows={split: len(self.dataset.rows(split)) for split in ("train", "valid", "test")},
                features=len(self.dataset.schema.features),
                model_version=result.manifest.model_version,
                accepted=result.report.accepted,
            )
        return result

    def _make(self) -> RunResult:
        self.progress.say(f"Data      {self.config.dataset} -> {self.root / 'data'}")
        rows = {split: len(self.dataset.rows(split)) for split in ("train", "valid", "test")}
        counts = ", ".join(f"{count:,} {split}" for split, count in rows.items())
        self.progress.say(f"          {counts} rows, {len(self.dataset.schema.features)} features")
        self.progress.say(f"Teacher   {self.config.folds} folds, out-of-fold soft labels -> {self.root / 'soft'}")
        _ = self.soft
        self.progress.say(f"Students  distilled and direct, per task -> {self.root / 'students'}")
        _ = self.students
        self.progress.say(f"Gates     on {rows['test']:,} test rows -> {self.root / 'gates'}")
        _ = self.report
        self._time_scoring()
        self.progress.say(f"Bundle    -> {self.root / 'bundle.zip'}")
        return RunResult(self.root, self.root / "bundle", self.report, self.manifest)

    def _time_scoring(self) -> None:
        """``stages/latency.json``: how long a row takes teacher and students; where no teacher is at hand, nothing."""
        path, inputs = self.root / "soft" / "fold0" / "teacher.pt", self._student_inputs()
        if not path.exists() or self._run.finished("latency", inputs) is not None:
            return
        from distill.latency import scoring_latency
        from teacher import Teacher

        teacher = Teacher.load(path)
        timed = scoring_latency(self.dataset, teacher, self.students)
        self._run.finish("latency", inputs, timed | {"teacher_bytes": path.stat().st_size})

    def _student_inputs(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset.fingerprint,
            "folds": self.config.folds,
            "augment": self.config.augment,
            "teacher": self.teacher_config.model_dump(mode="json"),
            "distill": self.distill_config.model_dump(mode="json"),
            "teacher_code": source_fingerprint("teacher"),
        }


def source_fingerprint(*folders: str) -> str:
    """sha256 over the Python sources of ``folders``: changed code makes a stage run again."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@contextmanager
def one_run_at_a_time(root: Path) -> Iterator[None]:
    """Hold a run directory; the kernel lets go of it when the process ends, however it ends.

    Raises:
        UserError: (exit code 5) another process holds it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                "another run is using this directory",
                where=str(root),
                fix="Wait for it, or use another directory.",
                exit_code=5,
            ) from None
        yield
