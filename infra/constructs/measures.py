"""The metrics that the functions write (embedded metric format), as the alarms and the dashboard read them."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.config import Deployment

__all__ = ["NAMESPACE", "Measures"]

NAMESPACE = "Understudy"


class Measures:
    """Metrics of one stage's functions; ``lambda_app.metrics`` and ``understudy.audit.scheduled`` write them."""

    def __init__(self, deployment: Deployment, function: str = "inference") -> None:
        self._function = f"{deployment.prefix}-{function}"

    def metric(self, name: str, period: Duration, statistic: str) -> cloudwatch.Metric:
        """``statistic`` of ``name`` over ``period``, of all routes together."""
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"function": self._function},
            period=period,
            statistic=statistic,
            label=name,
        )

    def count(self, name: str, period: Duration) -> cloudwatch.Metric:
        """How many, over ``period``."""
        return self.metric(name, period, "Sum")

    def requests(self, period: Duration) -> cloudwatch.Metric:
        """How many requests: each leaves one value of ``Latency``."""
        return self.metric("Latency", period, "SampleCount")
