"""The admin routes as methods: what operators read and decide."""

from __future__ import annotations

from urllib.parse import quote

from understudy.client.api import UnderstudyClient
from understudy.contracts.inspection import AuditState, DecisionRecord, ReportKind, ReportPage, StoredReport
from understudy.contracts.oversight import (
    KillSwitches,
    KillSwitchRequest,
    Review,
    ReviewDecision,
    ReviewPage,
    ReviewState,
)

__all__ = ["AdminClient"]

SWITCHES, REVIEWS, REPORTS = "/v1/admin/kill-switch", "/v1/admin/reviews", "/v1/admin/reports"


class AdminClient(UnderstudyClient):
    """An endpoint, asked by an operator: ``signer`` is `sigv4` for a deployed one, `bearer` for one on this machine.

    Every call leaves an audit entry that names the operator.
    """

    def kill_switches(self) -> KillSwitches:
        """The switches in force. Raises as `call` does."""
        return self.call("GET", SWITCHES, KillSwitches)

    def set_kill_switch(self, wanted: KillSwitchRequest) -> KillSwitches:
        """Set a switch, or replace the one of the same scope and target. Raises as `call` does."""
        return self.call("PUT", SWITCHES, KillSwitches, wanted)

    def clear_kill_switch(self, scope: str, target: str | None, reason: str) -> KillSwitches:
        """Clear a switch. Raises as `call` does."""
        query = {"scope": scope, "reason": reason} | ({} if target is None else {"target": target})
        return self.call("DELETE", SWITCHES, KillSwitches, query=query)

    def reviews(self, state: ReviewState = "pending", *, after: str | None = None, limit: int = 20) -> ReviewPage:
        """A page of reviews, earliest due first. Raises as `call` does."""
        query = {"state": state, "limit": str(limit)} | ({} if after is None else {"after": after})
        return self.call("GET", REVIEWS, ReviewPage, query=query)

    def review(self, review_id: str) -> Review:
        """One review. Raises as `call` does."""
        return self.call("GET", f"{REVIEWS}/{quote(review_id, safe='')}", Review)

    def decide_review(self, review_id: str, decision: ReviewDecision) -> Review:
        """Let a recommendation pass, with its text or another one, or reject it. Raises as `call` does."""
        return self.call("POST", f"{REVIEWS}/{quote(review_id, safe='')}/decision", Review, decision)

    def reports(self, kind: ReportKind = "ops", *, after: str | None = None, limit: int = 7) -> ReportPage:
        """A page of reports in a few lines each, newest first. Raises as `call` does."""
        query = {"kind": kind, "limit": str(limit)} | ({} if after is None else {"after": after})
        return self.call("GET", REPORTS, ReportPage, query=query)

    def report(self, kind: ReportKind, period: str) -> StoredReport:
        """One report, whole. Raises as `call` does."""
        return self.call("GET", f"{REPORTS}/{kind}/{quote(period, safe='')}", StoredReport)

    def audit_state(self) -> AuditState:
        """What the last verification of the audit log found. Raises as `call` does."""
        return self.call("GET", "/v1/admin/audit", AuditState)

    def decision(self, request_id: str, customer_id: str | None = None) -> DecisionRecord:
        """One decision; whole, if the customer whom it is about is named. Raises as `call` does."""
        query = None if customer_id is None else {"customer_id": customer_id}
        return self.call("GET", f"/v1/admin/decisions/{quote(request_id, safe='')}", DecisionRecord, query=query)
