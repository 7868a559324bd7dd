"""What a month costs: measured quantities times dated prices, with the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from pydantic import Field

from understudy.cli.cost_prices import Price, Prices
from understudy.contracts._model import Contract

__all__ = ["Footprint", "Line", "Workload", "lines_of"]

GB = 1e9
SECONDS = 730 * 3600.0  # of an average month
CORE_MB = 1769  # Lambda gives CPU in proportion to memory, and one core for this much


class Footprint(Contract):
    """What one recommendation uses, as ``benchmarks/request_footprint.py`` measures it."""

    read_units: float = Field(gt=0, description="DynamoDB read units: 4 KB strongly read")
    write_units: float = Field(gt=0, description="DynamoDB write units: 1 KB written, twice that in a transaction")
    stored_bytes: float = Field(gt=0, description="kept in tables for each decision")
    kms_requests: float = Field(ge=0)
    log_bytes: float = Field(gt=0)
    metrics: int = Field(ge=1, description="custom metrics: name and dimensions")


class Workload(Contract):
    """A month. ``compute_ms`` is measured on one core; ``wait_ms`` is what the services take to answer.

    ``month`` counts from the first request: decisions and logs of the months before are still stored. The numbers of
    alarms, keys and the like are those of the templates of prod (a test compares them).
    """

    requests: float = Field(gt=0)
    memory_mb: int = Field(ge=128, le=10_240)
    arch: Literal["arm64", "x86_64"] = "arm64"
    compute_ms: float = Field(gt=0)
    wait_ms: float = Field(ge=0)
    cold_share: float = Field(default=0.002, ge=0, le=1)
    trace_share: float = Field(default=0.0, ge=0, le=1)
    month: int = Field(default=1, ge=1)
    log_months: int = Field(default=12, ge=1, description="how long logs are kept")
    alarms: int = Field(default=27, ge=0, description="metrics that alarms read")
    composite_alarms: int = Field(default=2, ge=0)
    dashboards: int = Field(default=1, ge=0)
    keys: int = Field(default=2, ge=0)
    secrets: int = Field(default=1, ge=0)
    checkpoints: int = Field(default=2920, ge=0)
    verifications: float = Field(default=30, ge=0, description="of the whole audit log, each reading it twice")
    judged_share: float = Field(default=1.0, ge=0, le=1, description="of decisions that are opened to judge their day")
    waf_rules: int = Field(default=0, ge=0, description="0: there is no web application firewall")
    new_sentences: float = Field(default=0, ge=0, description="calls of the language model")
    tokens_in: int = Field(default=0, ge=0)
    tokens_out: int = Field(default=0, ge=0)
    usd_per_mtok_in: float = Field(default=0, ge=0)
    usd_per_mtok_out: float = Field(default=0, ge=0)
    batch_hours: float = Field(default=0, ge=0)
    batch_vcpus: float = Field(default=4, gt=0)
    batch_gb: float = Field(default=16, gt=0)

    @property
    def billed_ms(self) -> float:
        """Milliseconds of one request at this memory: less than a core prolongs the computation, not the waiting."""
        return self.compute_ms * max(1.0, CORE_MB / self.memory_mb) + self.wait_ms


@dataclass(frozen=True)
class Line:
    """One part of the bill at list prices; ``free`` of it is not billed where the account's allowances are unused.

    ``watching``: of the agents that verify and judge by the clock; without them, the service still answers.
    """

    what: str
    arithmetic: str
    usd: float
    free: float = 0.0
    verified: bool = True
    watching: bool = False


def lines_of(work: Workload, one: Footprint, prices: Prices) -> list[Line]:
    """The bill, line by line."""
    return [
        *_serving(work, prices),
        *_data(work, one, prices),
        *_watching(work, one, prices),
        *_beside(work, prices),
        *_watched(work, one, prices),
    ]


def _watched(work: Workload, one: Footprint, prices: Prices) -> list[Line]:
    """What verifying and judging read; their own time is not measured, and not in here."""
    table, units = prices.dynamodb, one.stored_bytes / 4096
    read = work.verifications * 2 * work.requests * (work.month - 0.5) * units
    judged = work.requests * work.judged_share
    found = [
        _times("Verification, reads", read, table.million_read_units, "M units", 1e6),
        _times("Judging, reads", judged * units, table.million_read_units, "M units", 1e6),
        _times("Judging, KMS", judged, prices.kms.ten_thousand_requests, "x 10k uses", 1e4),
    ]
    return [replace(line, watching=True) for line in found if line.usd]


def _serving(work: Workload, prices: Prices) -> list[Line]:
    gb, rates, free = work.memory_mb / 1024, prices.lambda_, prices.free
    second = rates.gb_second_arm64 if work.arch == "arm64" else rates.gb_second_x86_64
    spent = work.requests * work.billed_ms / 1e3 * gb
    restored = work.requests * work.cold_share * gb
    return [
        Line(
            "Lambda, time",
            f"{work.requests:,.0f} x {work.billed_ms:.1f} ms x {gb:.2f} GB = {spent:,.0f} GB-s x {second.usd:.10f}",
            spent * second.usd,
            min(spent, free.lambda_gb_seconds) * second.usd,
            second.verified,
        ),
        _times("Lambda, requests", work.requests, rates.million_requests, "M", 1e6, free.lambda_requests),
        Line(
            "Lambda, snapshots",
            f"{gb:.2f} GB x {SECONDS:,.0f} s x {rates.snapshot_gb_second.usd:.10f}"
            f" + {restored:,.0f} GB restored x {rates.restored_gb.usd:.10f}",
            gb * SECONDS * rates.snapshot_gb_second.usd + restored * rates.restored_gb.usd,
            verified=_all(rates.snapshot_gb_second, rates.restored_gb),
        ),
        _times("HTTP API", work.requests, prices.gateway.million_requests, "M", 1e6),
    ]


def _data(work: Workload, one: Footprint, prices: Prices) -> list[Line]:
    table, kms, free = prices.dynamodb, prices.kms, prices.free
    # Spread evenly, a month's decisions are stored for half of it.
    kept = work.requests * one.stored_bytes / GB * (work.month - 0.5)
    uses = work.requests * one.kms_requests
    return [
        _times("DynamoDB, writes", work.requests * one.write_units, table.million_write_units, "M units", 1e6),
        _times("DynamoDB, reads", work.requests * one.read_units, table.million_read_units, "M units", 1e6),
        Line(
            "DynamoDB, storage",
            f"{one.stored_bytes * work.requests / GB:.2f} GB x {work.month - 0.5:g} months"
            f" x ({table.gb_month.usd} + {table.backup_gb_month.usd} for recovery)",
            kept * (table.gb_month.usd + table.backup_gb_month.usd),
            min(kept, free.dynamodb_gb) * table.gb_month.usd,
            _all(table.gb_month, table.backup_gb_month),
        ),
        _times("KMS, keys", work.keys, kms.key_month, "keys"),
        _times("KMS, uses", uses, kms.ten_thousand_requests, "x 10k uses", 1e4, free.kms_requests),
        _times("KMS, signatures", work.checkpoints, kms.ten_thousand_signatures, "x 10k", 1e4),
        _times("Secrets Manager", work.secrets, prices.secrets.secret_month, "secret"),
    ]


def _watching(work: Workload, one: Footprint, prices: Prices) -> list[Line]:
    watch, free = prices.cloudwatch, prices.free
    logged = work.requests * one.log_bytes / GB
    months = min(work.month, work.log_months) - 0.5
    found = [
        _times("Logs, written", logged, prices.logs.gb_ingested, "GB", free=free.logs_gb),
        _times("Logs, kept", logged * months, prices.logs.gb_month, "GB-months"),
        _times("Custom metrics", one.metrics, watch.metric_month, "metrics", free=free.metrics),
        _times("Alarms", work.alarms, watch.alarm_month, "metrics read", free=free.alarms),
        _times("Composite alarms", work.composite_alarms, watch.composite_alarm_month, "alarms"),
        _times("Dashboard", work.dashboards, watch.dashboard_month, "dashboard", free=free.dashboards),
    ]
    if work.trace_share:
        traces = work.requests * work.trace_share
        found.append(_times("Traces", traces, prices.xray.million_traces, "M", 1e6, free.traces))
    return found


def _beside(work: Workload, prices: Prices) -> list[Line]:
    found = []
    if work.waf_rules:
        found += [
            _times("Firewall, list", 1, prices.waf.acl_month, "list"),
            _times("Firewall, rules", work.waf_rules, prices.waf.rule_month, "rules"),
            _times("Firewall, requests", work.requests, prices.waf.million_requests, "M", 1e6),
        ]
    if work.new_sentences:
        call = (work.tokens_in * work.usd_per_mtok_in + work.tokens_out * work.usd_per_mtok_out) / 1e6
        said = f"{work.new_sentences:,.0f} new sentences x ({work.tokens_in} in, {work.tokens_out} out)"
        found.append(Line("Language model", f"{said} = {call:.7f} each", work.new_sentences * call))
    if work.batch_hours:
        rates = prices.batch
        hourly = work.batch_vcpus * rates.vcpu_hour.usd + work.batch_gb * rates.gb_hour.usd
        said = f"{work.batch_hours:g} h x ({work.batch_vcpus:g} vCPU, {work.batch_gb:g} GB) = {hourly:.4f} an hour"
        verified = _all(rates.vcpu_hour, rates.gb_hour)
        found.append(Line("Distillation", said, work.batch_hours * hourly, verified=verified))
    return found


def _times(what: str, quantity: float, price: Price, unit: str, per: float = 1, free: float = 0) -> Line:
    units = quantity / per
    said = f"{units:,.2f} {unit} x {price.usd}"
    return Line(what, said, units * price.usd, min(quantity, free) / per * price.usd, price.verified)


def _all(*prices: Price) -> bool:
    return all(price.verified for price in prices)
