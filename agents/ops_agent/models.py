"""Did language models answer today?"""

from __future__ import annotations

from agents.checklist import Night
from agents.ops_agent.found import Found
from understudy.contracts.watch import Evidence

__all__ = ["DEAD_SHARE", "model_findings"]

# From this share of unanswered calls on it is an outage, and not a bad minute.
DEAD_SHARE = 0.5
FEWEST = 3


def model_findings(night: Night) -> list[Found]:
    """An outage of the language model, told by the calls that the audit log holds.

    It is not red: nothing that a customer gets depends on it. Templates speak, and a jury has no quorum.
    """
    if night.journal is None:
        return []
    calls = night.journal.calls
    if calls.made < FEWEST or calls.failed < DEAD_SHARE * calls.made:
        return []
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(calls.outcomes.items()) if reason != "ok")
    return [
        Found(
            id="language-model-outage",
            severity="minor",
            title=f"The language model did not answer {calls.failed} of {calls.made} calls ({reasons})",
            cause="The model's service is unavailable, throttles this account, or cannot be reached from here.",
            action="Check the provider's status and quotas. Templates speak meanwhile; no jury is heard.",
            checkpoint="serving",
            failed=False,
            incident=True,
            evidence=[Evidence(kind="audit", ref=place) for place in calls.failures[:10]],
        )
    ]
