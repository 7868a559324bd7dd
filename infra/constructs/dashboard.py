"""One page that says how the service is."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.config import Deployment
from infra.constructs.measures import Measures

__all__ = ["OperationsDashboard"]

FIVE = Duration.minutes(5)
STEP_DOWNS = ("Gates", "OptOut", "NoRecord", "KillSwitch", "Schema", "Stale", "Model", "Prediction", "Missing", "Other")


class OperationsDashboard(Construct):
    """Alarms on top, then requests, latency, who spoke (layers), why not the better one, reviews, and the audit log."""

    def __init__(
        self, scope: Construct, construct_id: str, *, deployment: Deployment, alarms: Sequence[cloudwatch.IAlarm]
    ) -> None:
        super().__init__(scope, construct_id)
        serving, audit = Measures(deployment), Measures(deployment, "checkpoint")
        dashboard = cloudwatch.Dashboard(self, "Dashboard", dashboard_name=deployment.prefix)
        dashboard.add_widgets(cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24))
        percentiles = [serving.metric("Latency", FIVE, each).with_(label=each) for each in ("p50", "p99")]
        dashboard.add_widgets(
            _graph("Requests", [serving.requests(FIVE), *_counts(serving, ["Faults", "Refusals"])]),
            _graph("Latency, ms", percentiles),
            _graph("Failures", _counts(serving, ["AuditFailures", "ReadFailures", "StoreFailures"])),
        )
        dashboard.add_widgets(
            _graph("Who spoke", _counts(serving, ["LayerDistilled", "LayerDirect", "LayerRules"])),
            _graph("Why not the better layer", _counts(serving, [f"StepDown{name}" for name in STEP_DOWNS])),
            _graph("Reviews", _counts(serving, ["ReviewTier1", "ReviewTier2", "ReviewTier3", "GateRejections"])),
        )
        dashboard.add_widgets(_graph("Audit log", _counts(audit, ["Checkpoints", "CheckpointDamage"])))


def _counts(measures: Measures, names: Sequence[str]) -> list[cloudwatch.Metric]:
    return [measures.count(name, FIVE) for name in names]


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
