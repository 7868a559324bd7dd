"""Thresholds of the gates, refused when no model could reach them, and the report that the gates write."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from understudy.contracts._model import Contract, Name, TaskType

__all__ = ["GateConfig", "GateName", "GateReport", "GateResult", "Layer", "Measure", "RankingResult", "TaskReport"]

GateName = Literal["skill", "fidelity", "quality", "benefit", "fairness", "bypass"]
Layer = Literal["distilled", "direct", "rules"]
Status = Literal["pass", "warn", "fail", "unknown"]


class GateConfig(Contract):
    """Defaults of design section 5. Bounds are the metric's reachable range: outside it the config is refused."""

    skill_auc: float = Field(default=0.60, gt=0.5, lt=1)
    skill_auc_floor: float = Field(default=0.52, ge=0.5, lt=1)
    skill_f1_times_random: float = Field(default=2.0, ge=1, description="macro-F1 >= this / K; reachable if <= K")
    skill_r2: float = Field(default=0.05, gt=0, lt=1)
    skill_r2_floor: float = Field(default=0.01, ge=0, lt=1)
    fidelity_floor: float = Field(default=0.20, gt=0, description="mean KL(teacher, student), nats")
    agreement_binary: float = Field(default=0.85, gt=0.5, lt=1)
    agreement_multiclass: float = Field(default=0.70, gt=0, lt=1)
    spearman: float = Field(default=0.90, gt=0, lt=1)
    jsd: float = Field(default=0.10, gt=0, lt=0.6931, description="nats; ln 2 is the largest value")
    quartile_agreement: float = Field(default=0.70, gt=0.25, lt=1)
    quality_auc_drop: float = Field(default=0.05, gt=0, lt=0.5)
    quality_f1_drop: float = Field(default=0.10, gt=0, lt=1)
    quality_mae_rise: float = Field(default=0.05, gt=0)
    quality_rmse_rise: float = Field(default=0.10, gt=0)
    ece: float = Field(default=0.05, gt=0, lt=1)
    benefit_epsilon: float = Field(default=0.005, ge=0, lt=0.5)
    fairness_kl_ratio: float = Field(default=2.0, gt=1)
    fairness_di: float = Field(default=0.80, gt=0, lt=1, description="disparate impact in [this, 1 / this]")
    fairness_spd: float = Field(default=0.10, gt=0, lt=1, description="largest selection rate difference")
    fairness_eod: float = Field(default=0.10, gt=0, lt=1, description="largest true positive rate difference")
    fairness_min_rows: int = Field(default=30, ge=30)
    ranking_overlap: float = Field(default=0.60, gt=0, lt=1, description="mean share of the teacher's top k offered")
    ranking_ndcg: float = Field(default=0.90, gt=0, lt=1, description="mean NDCG@k of the served product order")
    bootstrap: int = Field(default=500, ge=100)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    on_fidelity_failure: Literal["reject", "fallback"] = "reject"


class Measure(Contract):
    """A metric on the test rows with its bootstrap interval; ``value`` is None where it cannot be computed."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    rows: int = Field(ge=0)
    note: str = ""


class GateResult(Contract):
    """What one gate said about one task. A gate without a measurement is ``unknown``, never ``pass``."""

    gate: GateName
    status: Status
    measures: list[Measure]
    threshold: str
    reason: str


class TaskReport(Contract):
    """All gates of one task and the layer that serves it."""

    task: Name
    type: TaskType
    rows_test: int
    layer: Layer
    layer_reason: str
    gates: list[GateResult]
    scores: dict[Literal["teacher", "distilled", "direct", "prior"], list[Measure]]
    ceiling: list[Measure] = []
    choices: dict[str, float | int | str] = Field(
        default={}, description="what validation chose: alpha, rounds, leaves"
    )
    tried: list[dict[str, float | int | str]] = Field(
        default=[], description="every student that was fitted: what was set, what the validation rows said of it"
    )


class RankingResult(Contract):
    """Whether customers would be offered what the teacher would offer them: overlap@k and NDCG@k."""

    status: Status
    k: int = Field(ge=1)
    measures: list[Measure]
    reason: str


class GateReport(Contract):
    """The verdict over all tasks."""

    schema_version: Literal[1] = 1
    dataset: Name
    seed: int
    config: GateConfig
    accepted: bool
    reason: str
    rows: dict[Literal["train", "valid", "test"], int]
    tasks: list[TaskReport]
    ranking: RankingResult | None = Field(default=None, description="absent: unknown")
