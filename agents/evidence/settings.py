"""The environment of the watching agents, read and checked once."""

from __future__ import annotations

from pydantic import Field

from understudy.contracts.environment import EnvironmentSettings

__all__ = ["WatchSettings"]


class WatchSettings(EnvironmentSettings):
    """Where the agents find what they watch. What is not named cannot be measured, and is reported as unknown."""

    understudy_store: str = Field(min_length=1, description="URL of `understudy.stores.open_store`")
    understudy_audit_keys: str = Field(min_length=1, description="URL of `understudy.audit.open_keyring`")
    understudy_customer_keys: str = Field(
        default="keyring", description="what wraps customers' keys: keyring, or kms://<key id or arn>"
    )
    understudy_checkpoints: str | None = Field(default=None, min_length=1, description="URL of `open_checkpoints`")
    understudy_checkpoint_public_keys: str | None = Field(
        default=None, min_length=1, description="PEM text of the keys that sign checkpoints, or kms://<key>"
    )
    understudy_bundle: str = Field(min_length=1, description="directory, .zip or s3://bucket/key.zip")
    understudy_bundle_public_key: str | None = Field(
        default=None, min_length=1, description="PEM text or file: one of these keys must have signed the bundle"
    )
    understudy_artefacts: str | None = Field(
        default=None, min_length=1, description="the run that made the bundle: file:///run or s3://bucket/prefix"
    )
    understudy_reports: str = Field(
        min_length=1, description="where reports and history are kept: file:///folder or s3://bucket/prefix"
    )
    understudy_request_metrics: str | None = Field(
        default=None, min_length=1, description="file:///folder of log lines, or cloudwatch://namespace/function"
    )
    understudy_alarm_topic: str | None = Field(default=None, min_length=1, description="SNS topic, by its ARN")
    understudy_replay: str | None = Field(
        default=None, min_length=1, description="what decides again for an audit: lambda://<function:alias>"
    )
    understudy_retrain_events: str | None = Field(
        default=None, min_length=1, description="who is told that a new model is due: events://<bus>, or file:///folder"
    )
    understudy_judge_model: str = Field(default="", description="Bedrock model of the jury; empty: nobody judges")
    understudy_audit_tokens: int = Field(default=800_000, ge=0, description="tokens that audits may spend in a month")
    understudy_audit_usd: float = Field(default=20.0, ge=0, description="US dollars, likewise, at list price")
    understudy_labels: str | None = Field(
        default=None, min_length=1, description="outcomes that arrive late: file:///folder or s3://bucket/prefix"
    )
