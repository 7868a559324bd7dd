"""Are the jury's past cases what the audit log says that they were?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agents.audit_agent.log_check import CASE
from agents.jury import Case, CaseStore
from understudy.audit import AuditLog
from understudy.contracts.watch import Evidence, Measurement

__all__ = ["check_cases", "record_cases"]

NAMED = 20


def check_cases(period: str, cases: CaseStore, recorded: Mapping[str, tuple[str, str]]) -> Measurement:
    """``case_store``: the share of the recorded cases that are there, byte for byte; unknown if none was recorded.

    A case that is there and was never recorded is no fault: a run that dies between the two leaves one.
    """
    if not recorded:
        return Measurement(name="case_store", period=period, value=None, why="no case is on record yet")
    hashes = cases.hashes()
    bad = sorted(case for case, (_, sha256) in recorded.items() if hashes.get(case) != sha256)
    evidence = [Evidence(kind="audit", ref=recorded[case][0]) for case in bad[:NAMED]]
    return Measurement(
        name="case_store",
        period=period,
        value=1 - len(bad) / len(recorded),
        n=len(recorded),
        unit="share",
        detail={"altered or missing": bad[:NAMED], "never recorded": len(hashes.keys() - recorded.keys())},
        evidence=evidence or [Evidence(kind="store", ref="cases.sqlite")],
    )


def record_cases(log: AuditLog, cases: Sequence[Case]) -> None:
    """Write the hash of each case to the audit log, once the cases are where others find them.

    Raises:
        StoreError: an entry may not be durable.
    """
    for case in cases:
        log.append(
            "operation",
            {
                "operation": CASE,
                "case": case.id,
                "sha256": case.sha256,
                "period": case.period,
                "item": case.item,
                "verdict": case.outcome.verdict,
                "dissent": len(case.outcome.dissent),
            },
        )
