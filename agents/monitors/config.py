"""What the monitors take for normal; every number may be overridden in a TOML file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from agents.evidence.groups import Grouping
from understudy.contracts._model import Contract

__all__ = ["ActionKind", "BurnWindow", "MonitorConfig", "Policy"]

Share = Annotated[float, Field(gt=0, lt=1)]
ActionKind = Literal["alarm", "propose_kill_switch", "kill_switch", "retrain"]
Actions = tuple[ActionKind, ...]


class BurnWindow(Contract):
    """Pages if the error budget burns ``rate`` times as fast as it may, over ``hours`` and still over ``short``."""

    hours: int = Field(ge=1, le=72)
    short: int = Field(ge=1, le=72)
    rate: float = Field(gt=0)


class Policy(Contract):
    """What a confirmed breach sets off. ``kill_switch`` acts without a person, so nothing has it unless it is named."""

    drift: Actions = ("alarm",)
    staleness: Actions = ("alarm",)
    concentration: Actions = ("alarm", "propose_kill_switch")
    sample_ratio: Actions = ("alarm",)
    fairness: Actions = ("alarm", "propose_kill_switch")
    fairness_severe: Actions = ("alarm", "propose_kill_switch")
    calibration: Actions = ("alarm", "retrain")
    concept: Actions = ("alarm", "retrain")
    fidelity: Actions = ("alarm", "propose_kill_switch", "retrain")
    slo: Actions = ("alarm",)
    retrain: Actions = ("alarm", "retrain")


class MonitorConfig(Contract):
    """Thresholds of the monitors.

    ``false_alarm_days``: so many days pass on average until one monitor of the sequential kind (fairness, calibration,
    concept drift, fidelity, sample ratio) raises an alarm while nothing changes; each of its tests gets its share.
    """

    false_alarm_days: float = Field(default=3650, ge=2)
    window_days: int = Field(default=28, ge=2, le=90, description="beginnings of a change that detectors try")
    report_days: int = Field(default=7, ge=1, le=28, description="days behind a reported rate")
    baseline_days: int = Field(default=7, ge=1, le=28, description="first days of a model, by which later ones go")

    psi_warn: float = Field(default=0.10, gt=0)
    psi_critical: float = Field(default=0.25, gt=0)
    drift_level: Share = Field(default=0.01, description="false discovery rate over the features, every night")
    drift_pool_days: int = Field(default=7, ge=1, le=28, description="days that are pooled where one has too few")
    ks_tolerance: float = Field(default=0.10, ge=0, lt=1)
    retrain_drifted_days: int = Field(default=3, ge=1)
    retrain_critical_features: int = Field(default=5, ge=1)
    retrain_model_days: float = Field(default=30, gt=0)

    staleness_warn_hours: float = Field(default=20, gt=0)
    staleness_hours: float = Field(default=24, gt=0)

    hhi_critical: Share = 0.25
    top_share_critical: Share = 0.40
    entropy_critical: Share = 0.30
    fewest_decisions: int = Field(default=30, ge=2)

    traffic: dict[str, Share] = Field(
        default={}, description="model version -> designed share of the traffic, where several serve at once"
    )

    groupings: list[Grouping] | None = Field(default=None, description="protected groups, if not the bundle's")
    fairness_di: Share = 0.80
    fairness_spd: Share = 0.10
    fairness_eod: Share = 0.10
    fairness_severe_di: Share = 0.60
    fairness_margin: Share = Field(
        default=0.05, description="how much worse than the accepted baseline is worse (differences; 1 - ratio)"
    )
    fairness_min_rows: int = Field(default=30, ge=2)

    calibration_tolerance: Share = 0.03
    calibration_bins: int = Field(default=10, ge=2, le=50)
    concept_tolerance: Share = Field(default=0.03, description="rise of the mean loss (of 0 to 1) that is immaterial")
    fewest_labels: int = Field(default=100, ge=10)

    shadow_agreement: Share = 0.85
    shadow_agreement_multiclass: Share = 0.70
    shadow_kl: float = Field(default=0.20, gt=0)
    shadow_spearman: Share = 0.90
    shadow_sample: int = Field(default=500, ge=30)

    slo_available: Share = Field(default=0.995, description="share of requests that do not fail")
    slo_fast: Share = Field(default=0.99, description="share of requests that are not slow")
    burn_windows: list[BurnWindow] = Field(
        default=[
            BurnWindow(hours=1, short=1, rate=14.4),
            BurnWindow(hours=6, short=1, rate=6),
            BurnWindow(hours=72, short=6, rate=1),
        ],
        min_length=1,
    )
    burn_fewest: int = Field(default=10, ge=1, description="bad requests below which no window pages")

    policy: Policy = Policy()

    @model_validator(mode="after")
    def _ordered(self) -> MonitorConfig:
        if self.psi_warn >= self.psi_critical:
            raise ValueError("psi_warn must be below psi_critical")
        if self.traffic and abs(sum(self.traffic.values()) - 1) > 1e-9:
            raise ValueError("the shares of traffic must sum to 1")
        return self
