"""What a month costs: measured quantities times dated prices, with the arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from understudy.contracts._model import Contract

__all__ = ["Footprint", "Line", "Prices", "Workload", "lines_of"]

GB = 1e9
SECONDS = 730 * 3600.0  # of an average month
CORE_MB = 1769  # Lambda gives CPU in proportion to memory, and one core for this much


class _Lambda(Contract):
    million_requests: float = Field(ge=0)
    gb_second_arm64: float = Field(ge=0)
    gb_second_x86_64: float = Field(ge=0)
    snapshot_gb_second: float = Field(ge=0)
    restored_gb: float = Field(ge=0)


class _Gateway(Contract):
    million_requests: float = Field(ge=0)


class _DynamoDb(Contract):
    million_write_units: float = Field(ge=0)
    million_read_units: float = Field(ge=0)
    gb_month: float = Field(ge=0)
    backup_gb_month: float = Field(ge=0)


class _Kms(Contract):
    key_month: float = Field(ge=0)
    ten_thousand_requests: float = Field(ge=0)
    ten_thousand_signatures: float = Field(ge=0)


class _Logs(Contract):
    gb_ingested: float = Field(ge=0)
    gb_month: float = Field(ge=0)


class _CloudWatch(Contract):
    metric_month: float = Field(ge=0)
    alarm_month: float = Field(ge=0)
    composite_alarm_month: float = Field(ge=0)


class _XRay(Contract):
    million_traces: float = Field(ge=0)


class _Secrets(Contract):
    secret_month: float = Field(ge=0)


class _Batch(Contract):
    vcpu_hour: float = Field(ge=0)
    gb_hour: float = Field(ge=0)


class Prices(Contract):
    """A dated price table, ``prices.toml``."""

    schema_version: Literal[1]
    priced_on: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    region: str
    lambda_: _Lambda
    gateway: _Gateway
    dynamodb: _DynamoDb
    kms: _Kms
    logs: _Logs
    cloudwatch: _CloudWatch
    xray: _XRay
    secrets: _Secrets
    batch: _Batch


class Footprint(Contract):
    """What one recommendation uses, as ``benchmarks/request_footprint.py`` measures it."""

    read_units: float = Field(gt=0, description="DynamoDB read units: 4 KB strongly read")
    write_units: float = Field(gt=0, description="DynamoDB write units: 1 KB written, twice that in a transaction")
    stored_bytes: float = Field(gt=0, description="kept in tables for each decision")
    kms_requests: float = Field(ge=0)
    log_bytes: float = Field(gt=0)
    metrics: int = Field(ge=1, description="custom metrics: name and dimensions")


class Workload(Contract):
    """A month. ``compute_ms`` is measured on one core; ``wait_ms`` is what the services take to answer."""

    requests: float = Field(gt=0)
    memory_mb: int = Field(ge=128, le=10_240)
    arch: Literal["arm64", "x86_64"] = "arm64"
    compute_ms: float = Field(gt=0)
    wait_ms: float = Field(ge=0)
    cold_share: float = Field(default=0.002, ge=0, le=1)
    trace_share: float = Field(default=1.0, ge=0, le=1)
    log_months: float = Field(default=1.0, ge=0)
    alarms: int = Field(default=18, ge=0)
    composite_alarms: int = Field(default=2, ge=0)
    keys: int = Field(default=2, ge=0)
    checkpoints: int = Field(default=2920, ge=0)
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
    """One part of the bill."""

    what: str
    arithmetic: str
    usd: float


def lines_of(work: Workload, one: Footprint, prices: Prices) -> list[Line]:
    """The bill, line by line; storage is that of the first month, and grows by as much each month."""
    return [
        *_serving(work, prices),
        *_data(work, one, prices),
        *_watching(work, one, prices),
        *_beside(work, prices),
    ]


def _serving(work: Workload, prices: Prices) -> list[Line]:
    millions, gb = work.requests / 1e6, work.memory_mb / 1024
    second = prices.lambda_.gb_second_arm64 if work.arch == "arm64" else prices.lambda_.gb_second_x86_64
    spent = work.requests * work.billed_ms / 1e3 * gb
    restored = work.requests * work.cold_share * gb
    snapshots = gb * SECONDS * prices.lambda_.snapshot_gb_second
    return [
        Line(
            "Lambda, time",
            f"{work.requests:,.0f} x {work.billed_ms:.1f} ms x {gb:.2f} GB = {spent:,.0f} GB-s x {second:.10f}",
            spent * second,
        ),
        _times("Lambda, requests", millions, "M", prices.lambda_.million_requests),
        Line(
            "Lambda, snapshots",
            f"{gb:.2f} GB x {SECONDS:,.0f} s x {prices.lambda_.snapshot_gb_second:.10f}"
            f" + {restored:,.0f} GB restored x {prices.lambda_.restored_gb:.10f}",
            snapshots + restored * prices.lambda_.restored_gb,
        ),
        _times("HTTP API", millions, "M", prices.gateway.million_requests),
    ]


def _data(work: Workload, one: Footprint, prices: Prices) -> list[Line]:
    millions, kept = work.requests / 1e6, work.requests * one.stored_bytes / GB
    table = prices.dynamodb
    uses = work.requests * one.kms_requests / 1e4
    return [
        _times("DynamoDB, writes", millions * one.write_units, "M units", table.million_write_units),
        _times("DynamoDB, reads", millions * one.read_units, "M units", table.million_read_units),
        Line(
            "DynamoDB, storage",
            f"{kept:.2f} GB x ({table.gb_month} + {table.backup_gb_month} for recovery)",
            kept * (table.gb_month + table.backup_gb_month),
        ),
        Line(
            "KMS",
            f"{work.keys} keys x {prices.kms.key_month} + {uses:,.0f} x 10k uses x {prices.kms.ten_thousand_requests}"
            f" + {work.checkpoints:,} signatures",
            work.keys * prices.kms.key_month
            + uses * prices.kms.ten_thousand_requests
            + work.checkpoints / 1e4 * prices.kms.ten_thousand_signatures,
        ),
        _times("Secrets Manager", 1, "secret", prices.secrets.secret_month),
    ]


def _watching(work: Workload, one: Footprint, prices: Prices) -> list[Line]:
    logged = work.requests * one.log_bytes / GB
    watch = prices.cloudwatch
    return [
        Line(
            "Logs",
            f"{logged:.2f} GB x ({prices.logs.gb_ingested} + {work.log_months:g} months x {prices.logs.gb_month})",
            logged * (prices.logs.gb_ingested + work.log_months * prices.logs.gb_month),
        ),
        _times("Custom metrics", one.metrics, "metrics", watch.metric_month),
        Line(
            "Alarms",
            f"{work.alarms} x {watch.alarm_month} + {work.composite_alarms} x {watch.composite_alarm_month}",
            work.alarms * watch.alarm_month + work.composite_alarms * watch.composite_alarm_month,
        ),
        _times("Traces", work.requests * work.trace_share / 1e6, "M", prices.xray.million_traces),
    ]


def _beside(work: Workload, prices: Prices) -> list[Line]:
    hourly = work.batch_vcpus * prices.batch.vcpu_hour + work.batch_gb * prices.batch.gb_hour
    call = (work.tokens_in * work.usd_per_mtok_in + work.tokens_out * work.usd_per_mtok_out) / 1e6
    return [
        Line(
            "Language model",
            f"{work.new_sentences:,.0f} new sentences x ({work.tokens_in} in, {work.tokens_out} out) = {call:.7f} each",
            work.new_sentences * call,
        ),
        Line(
            "Distillation",
            f"{work.batch_hours:g} h x ({work.batch_vcpus:g} vCPU, {work.batch_gb:g} GB) = {hourly:.4f} an hour",
            work.batch_hours * hourly,
        ),
    ]


def _times(what: str, quantity: float, unit: str, price: float) -> Line:
    return Line(what, f"{quantity:,.2f} {unit} x {price}", quantity * price)
