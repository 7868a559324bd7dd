"""A day's requests from CloudWatch."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from agents.evidence.request_metrics import COUNTED, SLOW_MS, RequestDay, hours_of
from understudy.errors import UserError

__all__ = ["CloudWatchMetrics"]


class CloudWatchMetrics:
    """Reads the metrics that the function's log lines carry (`lambda_app.metrics`), with ``GetMetricData``.

    They are of all the function's routes. What did not happen is no metric there: where requests are known, a count
    that CloudWatch does not have is zero; where none are known, nothing is.
    Sums come by the hour. Percentiles are of the whole day: CloudWatch computes them from the values that it has
    counted, which is not the same as a mean of hourly percentiles. How many requests were slow is read as the share
    above the bound (the statistic ``PR(bound:)``), times the requests of the hour.
    """

    def __init__(self, namespace: str, function: str) -> None:
        import boto3

        self._client = boto3.client("cloudwatch")
        self._namespace, self._function = namespace, function

    def day(self, day: str) -> RequestDay:
        """Raises UserError (exit code 5) if the service cannot answer."""
        hours = hours_of(day)
        by_hour = self._read(hours[0], 3600, {"requests": ("Latency", "SampleCount"), "slow": _SLOW, **_SUMS})
        whole = self._read(hours[0], 86_400, {f"p{q}": ("Latency", f"p{q}") for q in (50, 95, 99)})
        requests = _hourly(by_hour["requests"], hours)
        source = f"cloudwatch {self._namespace}/{self._function}, {day}"
        if requests is None:
            return RequestDay(day, source=source)
        counted: dict[str, Any] = {name: int(sum(by_hour[name].values())) for name in COUNTED}
        slow = [round(n * by_hour["slow"].get(at, 0.0) / 100) for at, n in zip(hours, requests, strict=True)]
        percentiles = {name: value for name, found in whole.items() for value in found.values()}
        return RequestDay(
            day,
            requests=sum(requests),
            latency_ms=percentiles if len(percentiles) == len(whole) else None,
            **counted,
            hours={
                "requests": requests,
                "faults": _hourly(by_hour["faults"], hours) or [0] * len(hours),
                "slow": slow if by_hour["slow"] else None,
            },
            source=source,
        )

    def _read(
        self, begin: datetime, period: int, wanted: dict[str, tuple[str, str]]
    ) -> dict[str, dict[datetime, float]]:
        dimensions = [{"Name": "function", "Value": self._function}]
        queries = [
            {
                "Id": name,
                "MetricStat": {
                    "Metric": {"Namespace": self._namespace, "MetricName": metric, "Dimensions": dimensions},
                    "Period": period,
                    "Stat": statistic,
                },
            }
            for name, (metric, statistic) in wanted.items()
        ]
        request: dict[str, Any] = {
            "MetricDataQueries": queries,
            "StartTime": begin,
            "EndTime": begin + timedelta(days=1),
            "ScanBy": "TimestampAscending",
        }
        found: dict[str, dict[datetime, float]] = {name: {} for name in wanted}
        while True:
            page = self._call(request)
            for result in page["MetricDataResults"]:
                found[result["Id"]] |= dict(zip(result["Timestamps"], result["Values"], strict=True))
            if not page.get("NextToken"):
                return found
            request["NextToken"] = page["NextToken"]

    def _call(self, request: dict[str, Any]) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = self._client.get_metric_data(**request)
        except (BotoCoreError, ClientError) as error:
            raise UserError(f"CloudWatch could not answer: {error}", where=self._namespace, exit_code=5) from error
        return answer


_SLOW = ("Latency", f"PR({SLOW_MS:g}:)")
_SUMS = {name: (metric, "Sum") for name, metric in COUNTED.items()}


def _hourly(found: dict[datetime, float], hours: list[datetime]) -> list[int] | None:
    """Hours without a value are zero where others have one: nothing was logged in them."""
    return [int(found.get(hour, 0)) for hour in hours] if found else None
