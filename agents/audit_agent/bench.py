"""The jury of an audit: a model on Bedrock, paid from the month's allowance for audits, every call on record."""

from __future__ import annotations

from agents.bedrock import Allowance, Budget, CallRecord
from agents.evidence import WatchSettings
from agents.jury import Judge, bedrock_judges
from understudy.audit import AuditLog
from understudy.contracts.watch import Evidence, Measurement
from understudy.stores import ServingStore, StoreError

__all__ = ["allowance", "budget_used", "seated"]


def allowance(settings: WatchSettings) -> Allowance:
    """What audits may spend in a month."""
    usd = round(settings.understudy_audit_usd * 1e6)
    return Allowance(purpose="audit", tokens=settings.understudy_audit_tokens, micro_usd=usd)


def seated(settings: WatchSettings, store: ServingStore, log: AuditLog) -> list[Judge]:
    """Three jurors on the model that the settings name; nobody, if they name none.

    Raises:
        UserError: the model is not in the table of models.
    """

    def record(call: CallRecord) -> None:
        log.append("operation", {"operation": "llm_call", **call.model_dump(mode="json")})

    if not settings.understudy_judge_model:
        return []
    return bedrock_judges(settings.understudy_judge_model, store, allowance(settings), on_call=record)


def budget_used(settings: WatchSettings, store: ServingStore, period: str) -> Measurement:
    """``audit_budget_used``: the share of the month's tokens or money for audits that is spent."""
    budget = Budget(store, allowance(settings))
    try:
        used = budget.used()
    except StoreError as error:
        why = f"the books cannot be read: {error}"
        return Measurement(name="audit_budget_used", period=period, value=None, why=why)
    evidence = [Evidence(kind="store", ref=f"spending {budget.account}")]
    return Measurement(name="audit_budget_used", period=period, value=used, unit="share", evidence=evidence)
