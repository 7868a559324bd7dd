"""The bundle manifest: everything the function needs to know, and the sha256 of every file it may load.

A bundle is a directory (or one zip) of::

    manifest.json            this contract, canonical JSON
    models/<task>.distilled.txt, models/<task>.direct.txt    LightGBM text models
    rules.json  catalog.json  glossary.json  templates.json  psi.json  feature_fits.json
    report.json  report.html  model_card.md
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from understudy.contracts._model import Contract, Name, Sha256, TaskType, Text
from understudy.contracts.features import FeatureSchema
from understudy.contracts.gates import GateConfig, Layer

__all__ = [
    "Calibrator",
    "FileEntry",
    "Identity",
    "Isotonic",
    "Manifest",
    "ModelRef",
    "Platt",
    "ServedTask",
    "Temperature",
]


class Identity(Contract):
    """Leaves the student's probability or mean as it is."""

    kind: Literal["identity"] = "identity"


class Platt(Contract):
    """Binary: ``sigmoid(a * logit(p) + b)``."""

    kind: Literal["platt"] = "platt"
    a: float
    b: float


class Isotonic(Contract):
    """Binary: piecewise linear through ``(x, y)``, constant outside; both non-decreasing."""

    kind: Literal["isotonic"] = "isotonic"
    x: list[float] = Field(min_length=2)
    y: list[float] = Field(min_length=2)

    @model_validator(mode="after")
    def _monotone(self) -> Isotonic:
        if len(self.x) != len(self.y) or self.x != sorted(self.x) or self.y != sorted(self.y):
            raise ValueError("isotonic knots must be two non-decreasing lists of equal length")
        return self


class Temperature(Contract):
    """Multiclass: ``softmax(raw / t)``."""

    kind: Literal["temperature"] = "temperature"
    t: float = Field(gt=0)


Calibrator = Annotated[Identity | Platt | Isotonic | Temperature, Field(discriminator="kind")]


class ModelRef(Contract):
    """One LightGBM text model.

    The function predicts raw scores ``[outputs]``, adds ``base`` to each, and applies ``link``: sigmoid (binary),
    softmax (multiclass) or identity (regression; then ``scale * raw + shift``). ``calibrator`` comes last.
    """

    path: str
    link: Literal["sigmoid", "softmax", "identity"]
    base: list[float]
    scale: float = 1.0
    shift: float = 0.0
    trees: int = Field(ge=1)
    calibrator: Calibrator = Identity()


class ServedTask(Contract):
    """A task as the function serves it; ``layer`` is the best layer that the gates allow."""

    name: Name
    type: TaskType
    group: Name
    classes: list[str] | None = None
    title: Text | None = None
    layer: Layer
    distilled: ModelRef | None = None
    direct: ModelRef | None = None
    teacher_gates: dict[str, float] = Field(default={}, description="mean gate weight of each named expert, sums to 1")

    @model_validator(mode="after")
    def _layer_has_model(self) -> ServedTask:
        if self.layer == "distilled" and self.distilled is None:
            raise ValueError(f"task {self.name!r} is served by a distilled student that the bundle lacks")
        if self.layer == "direct" and self.direct is None:
            raise ValueError(f"task {self.name!r} is served by a direct student that the bundle lacks")
        return self


class FileEntry(Contract):
    """Size and hash of one file of the bundle."""

    sha256: Sha256
    bytes: int = Field(ge=0)


class Manifest(Contract):
    """Version 1 of the bundle manifest. ``model_version`` is ``<dataset>-<first 12 hex of the content's sha256>``."""

    schema_version: Literal[1] = 1
    model_version: str
    dataset: Name
    dataset_fingerprint: Sha256
    code_version: str
    seed: int
    accepted: bool
    tasks: list[ServedTask] = Field(min_length=1)
    features: FeatureSchema
    protected: list[str] = Field(description="features that carry a protected attribute; never told as a reason")
    gates: GateConfig
    metrics: dict[str, dict[str, float]] = Field(description="task -> '<model>.<metric>' -> value on the test rows")
    files: dict[str, FileEntry]
