"""Fallback: per task, the distilled student, else the direct one, else the rules, else (where a policy asks for it) a
person; and why each step down was taken."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from lambda_app.engine import Panel, Row, Student, as_row
from lambda_app.native import EngineError
from lambda_app.rules import find_segment, segment_contributions
from understudy.bundle import Bundle, BundleError
from understudy.contracts.api import CustomerRecord, TaskScore
from understudy.contracts.features import FeatureSchema, Value, encode
from understudy.contracts.gates import Layer
from understudy.contracts.manifest import ModelRef, ServedTask
from understudy.contracts.rules import Segment, TaskRules
from understudy.scoring import apply

__all__ = ["MAX_MISSING", "Router", "Scoring"]

# A student that sees fewer than half of its features extrapolates; the rules need only a few columns.
MAX_MISSING = 0.5
THREADS = 2
NOBODY: Mapping[str, str] = MappingProxyType({})
STUDENT_LAYERS: tuple[Layer, ...] = ("distilled", "direct")


class _UnavailableError(Exception):
    """This student cannot speak; the message is the recorded reason."""


@dataclass(frozen=True)
class Scoring:
    """The scores of one request. ``vector`` is what the students read, None where only rules spoke; ``features`` what
    the rules read, empty where nobody looked at the customer; ``segments`` the rule of each task that a rule scored."""

    tasks: dict[str, TaskScore]
    vector: list[float] | None
    missing: list[str] = field(default_factory=list)
    features: Mapping[str, Value] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)


class _Seat:
    """One student, loaded when it is first needed; a failure is remembered, and costs only this student."""

    def __init__(self, bundle: Bundle, task: ServedTask, ref: ModelRef) -> None:
        self.ref = ref
        self._bundle = bundle
        self._task = task
        self._lock = threading.Lock()
        self._student: Student | None = None
        self._failure: str | None = None

    def student(self) -> Student:
        """The loaded student.

        Raises:
            _UnavailableError: it cannot be loaded, now or ever.
        """
        with self._lock:
            if self._student is None and self._failure is None:
                try:
                    self._student = Student(
                        self._bundle.read(self.ref.path),
                        features=len(self._bundle.manifest.features.features),
                        outputs=len(self.ref.base),
                    )
                except (EngineError, BundleError) as error:
                    self._failure = f"the model cannot be loaded: {error}"
            if self._student is None:
                raise _UnavailableError(self._failure)
            return self._student

    def predict(self, row: Row) -> list[float]:
        """Calibrated outputs for ``row``.

        Raises:
            _UnavailableError: there are none, or they are not what the task needs.
        """
        student = self.student()
        try:
            raw = student.raw(row)
        except EngineError as error:
            raise _UnavailableError(f"the prediction failed: {error}") from error
        return self.calibrated(raw)

    def calibrated(self, raw: Sequence[float]) -> list[float]:
        """Calibrated outputs for the student's ``raw`` scores.

        Raises:
            _UnavailableError: they are not what the task needs.
        """
        try:
            values = apply(self.ref, raw)
        except (ValueError, OverflowError) as error:
            raise _UnavailableError(f"the prediction failed: {error}") from error
        if len(values) != len(self._task.classes or [self._task.name]):
            raise _UnavailableError(f"the prediction has {len(values)} values")
        if not all(map(math.isfinite, values)):
            raise _UnavailableError("the prediction is not finite")
        if self._task.type != "regression" and not all(0 <= value <= 1 for value in values):
            raise _UnavailableError("the prediction is not a probability")
        return values


class _Cast:
    """Everybody who can play one task's part, best first."""

    def __init__(self, bundle: Bundle, task: ServedTask, rules: TaskRules) -> None:
        self.task = task
        self.rules = rules
        refs: dict[Layer, ModelRef | None] = {"distilled": task.distilled, "direct": task.direct}
        self.seats = {layer: _Seat(bundle, task, ref) for layer, ref in refs.items() if ref is not None}
        first = {"distilled": 0, "direct": 1, "rules": 2}[task.layer]
        self._allowed = STUDENT_LAYERS[first:]
        self._panel_layer: Layer | None = None
        self._ruled_out = [f"{layer}: the gates chose {task.layer}" for layer in STUDENT_LAYERS[:first]]

    def empanel(self) -> Student | None:
        """The student that speaks now, if one does; what it says may be told to `play`."""
        layer, _ = self.standing()
        self._panel_layer = layer if layer in self.seats else None
        return self.seats[layer].student() if layer in self.seats else None

    def play(
        self,
        row: Row | None,
        barred: str,
        features: Mapping[str, Value],
        *,
        ask_person: bool,
        said: Sequence[float] | None = None,
    ) -> tuple[TaskScore, Segment | None]:
        """Score ``row``; without one, ``barred`` says why the students may not speak.

        ``said`` are the raw scores of the student of `empanel`, where they are known.
        Where no rule knows the customer either, everybody's rate is told, or (``ask_person``) a person asked.

        Returns:
            The score, and the segment of the rules that it is from, if any.
        """
        steps = list(self._ruled_out)
        for layer in self._allowed:
            try:
                return self._score(layer, self._ask(layer, row, barred, said), steps), None
            except _UnavailableError as reason:
                steps.append(f"{layer}: {reason}")
        segment = find_segment(self.rules, features)
        if segment is None and ask_person:
            return self._score("person", self.rules.prior, [*steps, "rules: no rule knows the customer"]), None
        return self._score("rules", segment.value if segment else self.rules.prior, steps), segment

    def _ask(self, layer: Layer, row: Row | None, barred: str, said: Sequence[float] | None) -> list[float]:
        if row is None:
            raise _UnavailableError(barred)
        if layer not in self.seats:
            raise _UnavailableError("the bundle has no such student")
        if said is not None and layer == self._panel_layer:
            return self.seats[layer].calibrated(said)
        return self.seats[layer].predict(row)

    def _score(self, layer: Layer | Literal["person"], values: list[float], steps: list[str]) -> TaskScore:
        if self.task.classes is None:
            return TaskScore(layer=layer, value=values[0], steps=steps)
        return TaskScore(
            layer=layer, value=None, classes=dict(zip(self.task.classes, values, strict=True)), steps=steps
        )

    def standing(self) -> tuple[Layer, list[str]]:
        """The layer that would speak now, and what keeps the better ones from it."""
        problems: list[str] = []
        for layer in self._allowed:
            try:
                if layer in self.seats:
                    self.seats[layer].student()
                    return layer, problems
            except _UnavailableError as reason:
                problems.append(f"{self.task.name}: {layer}: {reason}")
        return "rules", problems


class Router:
    """All tasks of a bundle. Students of the manifest's layer are loaded at once, the others when they are needed."""

    def __init__(self, bundle: Bundle) -> None:
        self._schema: FeatureSchema = bundle.manifest.features
        self._names = self._schema.names
        self._ask_person = bundle.catalog.policy.ask_person
        self._casts = {task.name: _Cast(bundle, task, bundle.rules.tasks[task.name]) for task in bundle.manifest.tasks}
        # The library reads a model with the interpreter free.
        with ThreadPoolExecutor(THREADS) as pool:
            students = pool.map(_Cast.empanel, self._casts.values())
            seated = {name: one for name, one in zip(self._casts, students, strict=True) if one is not None}
        self._panelled, self._panel = list(seated), Panel(list(seated.values()))

    @property
    def schema_version(self) -> str:
        """The feature schema that the students read."""
        return self._schema.version

    def teacher_gates(self, task: str) -> dict[str, float]:
        """Mean gate weights of the teacher that the task's distilled student learned from."""
        return self._casts[task].task.teacher_gates

    def score(
        self,
        record: CustomerRecord | None,
        *,
        opted_out: bool,
        unfit: str = "",
        stopped: Mapping[str, str] = NOBODY,
    ) -> Scoring:
        """Score every task.

        Without a record, and for a customer who has opted out, the rules speak without looking at the customer: what
        they say is then the rate of everybody (their prior). ``unfit`` says why the students may not read the record
        that is there, or why there is none; ``stopped`` (task -> reason) why those of a task may not speak at all.
        """
        if record is None or opted_out:
            nothing = unfit or "there is no record of the customer"
            barred = "the customer has opted out of profiling" if opted_out else nothing
            # An objection is to being profiled, by whomever: nobody is asked to look at the customer instead.
            ask = self._ask_person and not opted_out
            tasks = {name: cast.play(None, barred, {}, ask_person=ask)[0] for name, cast in self._casts.items()}
            return Scoring(tasks, None)
        vector, missing = encode(self._schema, record.features)
        refused = unfit or self._barred(record, len(missing))
        row = None if refused else as_row(vector)
        # Where some may not speak, those who may are asked one by one.
        heard = self._panel.raw(row) if row is not None and self._panelled and not stopped else []
        said = dict(zip(self._panelled, heard, strict=False))
        played = {
            name: cast.play(
                None if name in stopped else row,
                stopped.get(name, refused),
                record.features,
                ask_person=self._ask_person,
                said=said.get(name),
            )
            for name, cast in self._casts.items()
        }
        tasks = {name: score for name, (score, _) in played.items()}
        segments = {name: segment for name, (_, segment) in played.items() if segment is not None}
        return Scoring(tasks, None if refused else vector, missing, record.features, segments)

    def _barred(self, record: CustomerRecord, missing: int) -> str:
        if record.schema_version != self._schema.version:
            return f"the record has feature schema {record.schema_version}, the students {self._schema.version}"
        if missing > MAX_MISSING * len(self._schema.features):
            return f"{missing} of {len(self._schema.features)} features are missing"
        return ""

    def contributions(self, scoring: Scoring, task: str, class_name: str | None) -> dict[str, float]:
        """Feature -> its Shapley value in one output of whoever spoke; {} where nobody looked at the customer.

        Of a student in units of the raw score, of a rule in units of the output.

        Raises:
            EngineError: the library failed.
        """
        layer = scoring.tasks[task].layer
        cast = self._casts[task]
        output = (cast.task.classes or []).index(class_name) if class_name is not None else 0
        if layer == "rules":
            spoken = scoring.segments.get(task)
            return segment_contributions(cast.rules, spoken, scoring.features, output) if spoken else {}
        if scoring.vector is None or layer == "person":
            return {}
        values = cast.seats[layer].student().contributions(as_row(scoring.vector), output)
        return dict(zip(self._names, values, strict=False))

    def standing(self) -> tuple[dict[str, Layer], list[str]]:
        """Task -> the layer that speaks now, and the problems behind every unplanned step down."""
        found = {name: cast.standing() for name, cast in self._casts.items()}
        return {name: layer for name, (layer, _) in found.items()}, [
            p for _, problems in found.values() for p in problems
        ]
