"""Alarms that say when the service spends its error budget too fast, and when a promise is broken outright."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import Deployment
from infra.constructs.measures import Measures

__all__ = ["BURNS", "SLO", "Burn", "SloAlarms"]

# 99.9 % of requests answered without a fault, over thirty days.
SLO = 0.999


@dataclass(frozen=True)
class Burn:
    """Alarm when the budget is spent ``rate`` times too fast, over a long window and, so that it ends, a short one."""

    name: str
    rate: float
    long: Duration
    short: Duration


# Of a thirty-day budget: 2 % within one hour, 5 % within six (Site Reliability Workbook, chapter 5).
BURNS = (
    Burn("fast-burn", 14.4, Duration.hours(1), Duration.minutes(5)),
    Burn("slow-burn", 6.0, Duration.hours(6), Duration.minutes(30)),
)
UNLIKELY = 4.0  # width of the band, in its standard deviations: at 2, a quiet week has several alarms
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
QUIET = cloudwatch.TreatMissingData.NOT_BREACHING
LOUD = cloudwatch.TreatMissingData.BREACHING


class SloAlarms(Construct):
    """Each alarm tells ``topic``, and names its runbook, ``docs/runbooks/<name>.md``."""

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment, topic: sns.ITopic) -> None:
        super().__init__(scope, construct_id)
        self._deployment = deployment
        self._action = actions.SnsAction(topic)
        self._serving = Measures(deployment)
        self._audit = Measures(deployment, "checkpoint")
        self.alarms: dict[str, cloudwatch.AlarmBase] = {}

    def of_requests(self, function: lambda_.IFunction) -> None:
        """Faults against the SLO, latency, broken promises, and requests that Lambda turned away."""
        for burn in BURNS:
            self._burn(burn)
        five = Duration.minutes(5)
        p99 = self._serving.metric("Latency", five, "p99")
        self._alarm("latency", p99, self._deployment.config.latency_p99_ms, periods=3)
        self._alarm("audit-failures", self._serving.count("AuditFailures", five), 0)
        self._alarm("read-failures", self._serving.count("ReadFailures", five), 0, periods=2)
        self._alarm("model-refused", self._serving.count("StepDownModel", five), 0)
        self._unusual("requests-unusual", self._serving.requests(Duration.minutes(15)))
        self._unusual("latency-unusual", self._serving.metric("Latency", Duration.minutes(15), "p50"))
        self._alarm("throttles", function.metric_throttles(period=five, statistic="Sum"), 0, periods=2)

    def of_audit(self) -> None:
        """A log that does not verify, and a log that nobody has signed for two turns of the clock."""
        every = Duration.minutes(self._deployment.config.checkpoint_minutes)
        self._alarm("checkpoint-damage", self._audit.count("CheckpointDamage", Duration.minutes(5)), 0)
        self._alarm(
            "checkpoint-missing", self._audit.count("Checkpoints", every), 1, periods=2, comparison=BELOW, missing=LOUD
        )

    def of_queue(self, queue: sqs.IQueue, dead: sqs.IQueue) -> None:
        """Orders that nobody could do, and orders that wait."""
        five = Duration.minutes(5)
        waiting = dead.metric_approximate_number_of_messages_visible(period=five, statistic="Maximum")
        self._alarm("dead-letters", waiting, 0)
        age = queue.metric_approximate_age_of_oldest_message(period=five, statistic="Maximum")
        self._alarm("orders-wait", age, Duration.hours(6).to_seconds(), periods=3)

    def _unusual(self, name: str, metric: cloudwatch.IMetric) -> None:
        """Outside of what the weeks before make likely at this hour of the week, three quarters of an hour long."""
        alarm = cloudwatch.AnomalyDetectionAlarm(
            self,
            name,
            alarm_name=f"{self._deployment.prefix}-{name}",
            alarm_description=f"Runbook: docs/runbooks/{name}.md",
            metric=metric,
            std_devs=UNLIKELY,
            evaluation_periods=3,
            treat_missing_data=QUIET,
        )
        alarm.add_alarm_action(self._action)
        self.alarms[name] = alarm

    def _burn(self, burn: Burn) -> None:
        parts = [self._part(burn, window, length) for window, length in (("long", burn.long), ("short", burn.short))]
        name = f"{self._deployment.prefix}-{burn.name}"
        alarm = cloudwatch.CompositeAlarm(
            self,
            burn.name,
            composite_alarm_name=name,
            alarm_description=f"Runbook: docs/runbooks/{burn.name}.md",
            alarm_rule=cloudwatch.AlarmRule.all_of(*parts),
        )
        alarm.add_alarm_action(self._action)
        self.alarms[burn.name] = alarm

    def _part(self, burn: Burn, window: str, length: Duration) -> cloudwatch.Alarm:
        share = cloudwatch.MathExpression(
            # No fault, no value.
            expression="IF(requests > 0, FILL(faults, 0) / requests, 0)",
            using_metrics={"faults": self._serving.count("Faults", length), "requests": self._serving.requests(length)},
            period=length,
            label="share of faults",
        )
        return cloudwatch.Alarm(
            self,
            f"{burn.name}-{window}",
            alarm_name=f"{self._deployment.prefix}-{burn.name}-{window}",
            alarm_description=f"Part of {burn.name}; tells nobody by itself",
            metric=share,
            threshold=round(burn.rate * (1 - SLO), 6),
            evaluation_periods=1,
            comparison_operator=ABOVE,
            treat_missing_data=QUIET,
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        *,
        periods: int = 1,
        comparison: cloudwatch.ComparisonOperator = ABOVE,
        missing: cloudwatch.TreatMissingData = QUIET,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._deployment.prefix}-{name}",
            alarm_description=f"Runbook: docs/runbooks/{name}.md",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._action)
        self.alarms[name] = alarm
