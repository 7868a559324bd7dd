"""The function's environment, read and checked once."""

from __future__ import annotations

from pydantic import Field

from understudy.contracts.environment import EnvironmentSettings

__all__ = ["Settings"]


class Settings(EnvironmentSettings):
    """Where the function finds what it needs; nothing else is read from the environment."""

    understudy_bundle: str = Field(min_length=1, description="directory, .zip or s3://bucket/key.zip")
    understudy_bundle_public_key: str | None = Field(
        default=None,
        min_length=1,
        description="PEM text or file: only bundles that one of these keys signed are loaded",
    )
    understudy_store: str = Field(min_length=1, description="URL of `understudy.stores.open_store`")
    understudy_audit_keys: str = Field(min_length=1, description="URL of `understudy.audit.open_keyring`")
    understudy_customer_keys: str = Field(
        default="keyring", description="what wraps customers' keys: keyring, or kms://<key id or arn>"
    )

    understudy_previous_bundle: str | None = Field(
        default=None, min_length=1, description="the previous champion, for the kill switch that asks for it"
    )
    understudy_admins: str = Field(
        default="", description="ARNs that may use the admin routes, separated by spaces; a final * matches any ending"
    )
    understudy_admin_scope: str = Field(
        default="understudy/admin", min_length=3, description="the JWT scope that may use the admin routes"
    )
    understudy_admin_token: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9._@-]{1,64}:[^\s:]{16,}$",
        description="operator:secret, for the function on a laptop, where no gateway says who calls",
    )

    understudy_reports: str = Field(
        default="", description="place of the watching agents' reports, for `open_objects`; empty: none are kept"
    )

    understudy_reason_model: str = Field(
        default="", description="id of the language model whose stored sentences speak; empty: templates alone"
    )
    understudy_sentence_judge: str = Field(
        default="", description="only sentences that this model has judged speak; empty: judged or not"
    )
    understudy_reason_queue: str = Field(
        default="", description="URL of `understudy.queues.open_queue`, where absent sentences are ordered"
    )
