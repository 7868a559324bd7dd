"""P5: what the function did today. All but one of these items are monitors' (see `agents.monitors`)."""

from __future__ import annotations

from agents.checklist.measuring.training import manifest_evidence
from agents.checklist.night import Night
from agents.checklist.registry import Value, measures
from understudy.contracts.watch import Evidence


@measures("model_checksum")
def model_checksum(night: Night) -> Value:
    """1 if every decision of the day names the version of the bundle that was verified tonight, file by file (and by
    its signature where a key is configured), or of an earlier champion that a kill switch may call back."""
    version = night.serving().manifest.model_version
    columns = night.decisions()
    earlier = {promotion.version for promotion in night.entries().promotions if promotion.promoted}
    strange = sorted(set(columns.model_versions) - earlier - {version})
    evidence = [manifest_evidence(night), Evidence(kind="audit", ref=f"{night.day}: model_inference")]
    detail = {"verified": version, "seen": sorted(columns.model_versions), "unknown": strange}
    return Value(float(not strange), evidence, n=len(columns), detail=detail)
