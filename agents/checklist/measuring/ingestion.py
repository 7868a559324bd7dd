"""P1: did the data arrive, whole and in order?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from statistics import fmean
from typing import Any

from agents.checklist.measuring.runs import ATTEMPTS, runs_of
from agents.checklist.night import Night
from agents.checklist.papers import MissingEvidenceError
from agents.checklist.registry import Value, measures
from understudy.contracts.watch import Evidence

__all__ = ["leakage_check", "relative_change"]

PROFILE, LEAKAGE, DATA = "data/profile.json", "data/leakage.json", "stages/data.json"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@measures("row_count_change")
def row_count_change(night: Night) -> Value:
    """|rows - rows of the run before| / rows of the run before, over all splits; the run before is the last finished
    one on other data."""
    runs = runs_of(night)
    if runs.last is None or runs.before is None:
        raise MissingEvidenceError("there is no earlier finished run on other data to compare with")
    now, before = sum(runs.last.rows.values()), sum(runs.before.rows.values())
    detail = {"rows": now, "rows_before": before, "run_before": runs.before.model_version}
    return Value(relative_change(now, before), night.papers.evidence(ATTEMPTS), n=now, unit="share", detail=detail)


@measures("missing_columns")
def missing_columns(night: Night) -> Value:
    """Features of the serving bundle that the prepared data lack, or have no value of in the newest split."""
    profile, bundle = night.papers.json(PROFILE), night.serving()
    known = profile["features"]
    names = bundle.manifest.features.names
    lacking = [name for name in names if name not in known or known[name]["missing"]["test"] >= 1]
    evidence = [*night.papers.evidence(PROFILE), _bundle(night, "manifest.json")]
    return Value(len(lacking), evidence, n=len(names), unit="columns", detail={"lacking": lacking[:20]})


@measures("duplicate_rate")
def duplicate_rate(night: Night) -> Value:
    """Share of held-out rows that are a copy of a training row under another key (the leakage gate's ``copies``)."""
    check = leakage_check(night, "copies")
    closest = check["closest"]
    detail = {"question": check["question"], "how": closest["detail"], "columns": closest["columns"][:5]}
    return Value(float(closest["value"]), night.papers.evidence(LEAKAGE), unit="share", detail=detail)


@measures("source_null_rate")
def source_null_rate(night: Night) -> Value:
    """Mean share of missing values over the plain features, in the newest split."""
    return _null_rate(night, "plain")


@measures("feature_null_rate")
def feature_null_rate(night: Night) -> Value:
    """Mean share of missing values over the structural features (without any: over all), in the newest split."""
    return _null_rate(night, "structural")


@measures("date_anomalies")
def date_anomalies(night: Night) -> Value:
    """Days by which labels fall short of the gap after the cutoff, and rows with an event at or after it."""
    found = {name: leakage_check(night, name)["closest"]["value"] for name in ("gap", "events")}
    return Value(float(sum(found.values())), night.papers.evidence(LEAKAGE), unit="findings", detail=found)


@measures("source_checksum")
def source_checksum(night: Night) -> Value:
    """1 if each source of the prepared data has a sha256 and the serving bundle was made from these very data."""
    result = night.papers.json(DATA)["result"]
    sources, bundle = result.get("sources", {}), night.serving()
    unsigned = sorted(name for name, digest in sources.items() if not _SHA256.fullmatch(str(digest)))
    same = result.get("fingerprint") == bundle.manifest.dataset_fingerprint
    detail = {"sources": len(sources), "without": unsigned, "the bundle names these data": same}
    evidence = [*night.papers.evidence(DATA), _bundle(night, "manifest.json")]
    return Value(float(bool(sources) and not unsigned and same), evidence, n=len(sources), detail=detail)


@measures("completion_event")
def completion_event(night: Night) -> Value:
    """1 if the last attempt that ended is recorded as finished."""
    last = runs_of(night).settled[-1]
    detail = {"began": last.began, "ended": last.ended, "outcome": last.outcome or "no word", "error": last.error}
    return Value(float(last.outcome == "finished"), night.papers.evidence(ATTEMPTS), detail=detail)


def relative_change(now: float, before: float) -> float:
    """|now - before| / before.

    Raises:
        MissingEvidenceError: ``before`` is 0.
    """
    if before <= 0:
        raise MissingEvidenceError("the run before had none")
    return abs(now - before) / before


def leakage_check(night: Night, name: str) -> Mapping[str, Any]:
    """One check of the leakage gate, that measured something.

    Raises:
        MissingEvidenceError: it was not made, or had nothing to look at.
    """
    checks = {check["name"]: check for check in night.papers.json(LEAKAGE)["checks"]}
    check: Mapping[str, Any] | None = checks.get(name)
    if check is None or check.get("closest") is None or not check.get("measured"):
        why = f": {check['note']}" if check and check.get("note") else ""
        raise MissingEvidenceError(f"the leakage gate has not looked at {name!r}{why}")
    return check


def _null_rate(night: Night, tier: str) -> Value:
    features = night.papers.json(PROFILE)["features"]
    chosen = {name: f for name, f in features.items() if f["tier"] == tier} or features
    rates = {name: float(feature["missing"]["test"]) for name, feature in chosen.items()}
    if not rates:
        raise MissingEvidenceError("the profile holds no feature")
    worst = sorted(rates, key=lambda name: (-rates[name], name))[:5]
    detail = {"worst": {name: rates[name] for name in worst if rates[name] > 0}}
    return Value(fmean(rates.values()), night.papers.evidence(PROFILE), n=len(rates), unit="share", detail=detail)


def _bundle(night: Night, name: str) -> Evidence:
    return Evidence(kind="bundle", ref=f"{night.serving().manifest.model_version}/{name}")
