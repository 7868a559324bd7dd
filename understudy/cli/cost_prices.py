"""The dated price table, ``prices.toml``: each price with where it was read."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from understudy.contracts._model import Contract

__all__ = ["UNVERIFIED", "Free", "Price", "Prices"]

UNVERIFIED = "UNVERIFIED"


class Price(Contract):
    """``usd`` for one unit; ``source`` is a page, and ``seen`` its date, or ``source`` is UNVERIFIED."""

    usd: float = Field(ge=0)
    source: str = Field(min_length=1)
    seen: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")

    @model_validator(mode="after")
    def _dated(self) -> Price:
        if self.verified and (self.seen is None or not self.source.startswith("https://")):
            raise ValueError(f"a source is an address with the date of what it says, or {UNVERIFIED}")
        return self

    @property
    def verified(self) -> bool:
        return self.source != UNVERIFIED


class _Lambda(Contract):
    million_requests: Price
    gb_second_arm64: Price
    gb_second_x86_64: Price
    snapshot_gb_second: Price
    restored_gb: Price


class _Gateway(Contract):
    million_requests: Price


class _DynamoDb(Contract):
    million_write_units: Price
    million_read_units: Price
    gb_month: Price
    backup_gb_month: Price


class _Kms(Contract):
    key_month: Price
    ten_thousand_requests: Price
    ten_thousand_signatures: Price


class _Logs(Contract):
    gb_ingested: Price
    gb_month: Price


class _CloudWatch(Contract):
    metric_month: Price
    alarm_month: Price
    composite_alarm_month: Price
    dashboard_month: Price


class _XRay(Contract):
    million_traces: Price


class _Secrets(Contract):
    secret_month: Price


class _Waf(Contract):
    acl_month: Price
    rule_month: Price
    million_requests: Price


class _Batch(Contract):
    vcpu_hour: Price
    gb_hour: Price


class Free(Contract):
    """What an account is not billed each month; shared by everything in the account."""

    lambda_requests: float = Field(ge=0)
    lambda_gb_seconds: float = Field(ge=0)
    dynamodb_gb: float = Field(ge=0)
    kms_requests: float = Field(ge=0)
    logs_gb: float = Field(ge=0)
    metrics: float = Field(ge=0)
    alarms: float = Field(ge=0)
    dashboards: float = Field(ge=0)
    traces: float = Field(ge=0)


class Prices(Contract):
    """List prices of one region on one day."""

    schema_version: Literal[2]
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
    waf: _Waf
    batch: _Batch
    free: Free
