"""All hyper-parameters of the teacher: a value that can be printed, saved and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from understudy.contracts._model import Contract, Name, validated
from understudy.contracts.spec import ExpertName

__all__ = ["Fusion", "Gate", "Precision", "Surgery", "TeacherConfig", "Weighting"]

Gate = Literal["softmax", "sigmoid"]
Weighting = Literal["uniform", "uncertainty", "gradient_scale", "gradnorm", "dwa", "famo"]
Surgery = Literal["none", "pcgrad", "cagrad", "upgrad"]
Fusion = Literal["cgc", "adatt"]
Precision = Literal["auto", "float32", "bfloat16"]


class TeacherConfig(Contract):
    """How the teacher is built and trained; ``for_rows`` gives defaults by the number of training rows."""

    seed: int = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    processes: int = Field(default=1, ge=1, description="training processes (torchrun), one GPU each")
    precision: Precision = Field(
        default="auto", description="of the matrix products in training; auto: bfloat16 on a GPU that has it"
    )

    # inputs
    embedding_dim: int = Field(default=8, ge=1, description="width of a feature's embedding")
    bins: int = Field(default=24, ge=2, description="most bins of a numeric feature's piecewise-linear encoding")
    boosters: int = Field(
        default=0, ge=0, description="trees of the out-of-fold boosters whose leaf values join the inputs; 0: none"
    )

    # experts and PLE
    experts: list[ExpertName] | None = Field(default=None, description="named experts to build; None: all that can be")
    members: int = Field(default=4, ge=1, description="members of the weight-sharing ensemble")
    width: int = Field(default=64, ge=4, description="output width of every expert")
    hidden: int = Field(default=128, ge=4, description="hidden width of experts; towers have half of it")
    layers: int = Field(default=2, ge=1, description="stacked extraction layers")
    task_experts: int = Field(default=1, ge=0, description="experts of each task group, per layer")
    shared_experts: int = Field(default=2, ge=1, description="shared experts of the layers above the first")
    gate: Gate = "softmax"
    fusion: Fusion = Field(default="cgc", description="layers above the first: PLE's gates, or task-to-task fusion")
    transfer: list[tuple[Name, Name]] = Field(default=[], description="(source, target) tasks of the logit transfer")
    wide_classes: int = Field(
        default=10, ge=0, description="tasks of so many classes have a linear path from the fields as well; 0: none"
    )
    dropout: float = Field(default=0.1, ge=0, lt=1)

    # losses
    weighting: Weighting = "uncertainty"
    surgery: Surgery = Field(default="none", description="gradient surgery between the tasks")
    huber_delta: float = Field(default=3.0, gt=0, description="in standard deviations of the label")

    # training
    epochs: int = Field(default=20, ge=1)
    batch_size: int = Field(default=256, ge=2)
    learning_rate: float = Field(default=2e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    warmup: float = Field(default=0.1, ge=0, lt=1, description="share of the steps with a rising learning rate")
    clip_norm: float = Field(default=1.0, gt=0)
    average: float = Field(
        default=0.05, gt=0, lt=1, description="horizon of the moving average of weights, as a share of the steps"
    )
    onnx: bool = Field(default=False, description="also write teacher.onnx, which scores without torch")
    patience: int = Field(default=6, ge=1, description="epochs without a better validation score before stopping")

    @model_validator(mode="after")
    def _fits_together(self) -> TeacherConfig:
        if self.surgery != "none" and self.weighting in ("gradient_scale", "gradnorm"):
            # Both read the tasks' gradients off the backward pass, in which the surgery has already weighed them.
            raise ValueError(f"surgery {self.surgery} cannot be combined with weighting {self.weighting}")
        if self.processes > 1 and (self.surgery != "none" or self.weighting not in ("uniform", "uncertainty")):
            # The others look at a batch's losses or gradients before they are averaged over the processes.
            raise ValueError("several processes need weighting uniform or uncertainty, and no surgery")
        if self.fusion == "adatt" and not self.task_experts:
            raise ValueError("fusion adatt needs task_experts of at least 1")
        return self

    def changed(self, changes: Mapping[str, Any]) -> TeacherConfig:
        """This config with some hyper-parameters set by name.

        Raises:
            UserError: an unknown name, a value out of range, or a combination that does not work.
        """
        return validated(TeacherConfig, self.model_dump() | dict(changes), "teacher config")

    @classmethod
    def for_rows(cls, rows: int, *, seed: int = 0, quick: bool = False) -> TeacherConfig:
        """Defaults for ``rows`` training rows, chosen on validation rows of the shipped datasets.

        Fewer rows get smaller batches and more dropout; where rows abound, wider embeddings and finer bins pay.
        ``quick`` trades a little quality for a demonstration's patience: two members, two thirds of the epochs.
        """
        config = cls._sized(rows).model_copy(update={"seed": seed})
        return config.model_copy(update={"members": 2, "epochs": config.epochs * 2 // 3}) if quick else config

    @classmethod
    def _sized(cls, rows: int) -> TeacherConfig:
        if rows < 5_000:  # so few steps an epoch that a task of many outputs needs many epochs
            return cls(epochs=45, batch_size=128, learning_rate=4e-3)
        if rows < 20_000:
            return cls(epochs=8, batch_size=128, dropout=0.4, weight_decay=0.1, learning_rate=5e-3)
        big = cls(
            epochs=7,
            batch_size=512,
            dropout=0.3,
            weight_decay=0.1,
            learning_rate=3e-3,
            embedding_dim=16,
            bins=64,
            hidden=192,
        )
        return big if rows < 200_000 else big.model_copy(update={"batch_size": 4096, "dropout": 0.1})
