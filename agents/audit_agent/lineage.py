"""From what serves back to the data, and to the person who let it serve; each link is checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from agents.audit_agent.log_check import Promoted
from agents.evidence import Artefacts
from understudy.bundle import Bundle, BundleError
from understudy.contracts.watch import Evidence, Measurement

__all__ = ["ages", "lineage", "promoted"]


@dataclass(frozen=True)
class _Link:
    """``holds`` None: it could not be looked at."""

    name: str
    holds: bool | None
    why: str
    evidence: Evidence


def lineage(period: str, bundle: Bundle, signed: bool, artefacts: Artefacts) -> Measurement:
    """``lineage``: the share of the links from the bundle to its report, its run and its data that hold.

    ``signed``: whether a key was configured, so that the bundle's signature was verified too.
    """
    evidence = Evidence(kind="bundle", ref=bundle.manifest.model_version)
    whole = _Link("bundle", True, "signed" if signed else "hashes alone", evidence)
    return _chain("lineage", period, [whole, _report(bundle), *_stages(bundle, artefacts)])


def promoted(
    period: str,
    bundle: Bundle,
    promotions: Sequence[Promoted],
    unread: Sequence[str],
    versions: Mapping[str, int],
) -> Measurement:
    """``promoted``: a named person let the bundle serve, and every decision is by a version that was let to.

    ``unread``: places of promotion entries that say nothing that can be read. ``versions``: model versions of the
    period's decisions, and how many each made.
    """
    version = bundle.manifest.model_version
    accepted = [one for one in promotions if one.record.outcome != "reject"]
    mine = [one for one in accepted if one.record.challenger == version and one.record.operator]
    links = [
        _Link(
            "promotion",
            bool(mine),
            "" if mine else f"no person promoted {version}",
            Evidence(kind="audit", ref=mine[-1].place if mine else "model_promotion entries"),
        )
    ]
    if unread:
        why = f"{len(unread)} promotion entries cannot be read"
        links.append(_Link("records", False, why, Evidence(kind="audit", ref=unread[0])))
    strange = sorted(set(versions) - {one.record.challenger for one in accepted})
    if versions:
        why = f"decided by {', '.join(strange)}, which nobody promoted" if strange else ""
        links.append(_Link("decisions", not strange, why, Evidence(kind="audit", ref="model_inference entries")))
    return _chain("promoted", period, links)


def _chain(name: str, period: str, links: Sequence[_Link]) -> Measurement:
    """The share of the links that hold; unknown if one could not be looked at and none is broken."""
    broken = [link for link in links if link.holds is False]
    unseen = [link for link in links if link.holds is None]
    detail = {"links": {link.name: _said(link) for link in links}}
    if unseen and not broken:
        why = "; ".join(f"{link.name}: {link.why}" for link in unseen)
        return Measurement(name=name, period=period, value=None, why=why, detail=detail)
    return Measurement(
        name=name,
        period=period,
        value=sum(link.holds is True for link in links) / len(links),
        n=len(links),
        unit="share",
        detail=detail | {"broken": [f"{link.name}: {link.why}" for link in broken]},
        evidence=[link.evidence for link in (broken or links)],
    )


def _said(link: _Link) -> str:
    return {True: "holds", False: f"broken: {link.why}", None: f"unknown: {link.why}"}[link.holds]


def _report(bundle: Bundle) -> _Link:
    """The report in the bundle is about the same data and tasks, and accepted it."""
    evidence = Evidence(kind="bundle", ref="report.json")
    try:
        report = json.loads(bundle.read("report.json"))
        fingerprint, gates = report["dataset"]["fingerprint"], report["gates"]
        tasks = {task["task"] for task in gates["tasks"]}
        leakage = report["leakage"]["passed"]
    except (BundleError, ValueError, KeyError, TypeError) as error:
        return _Link("report", False, f"it cannot be read: {type(error).__name__}", evidence)
    faults = [] if fingerprint == bundle.manifest.dataset_fingerprint else ["it is about other data"]
    faults += [] if {task.name for task in bundle.manifest.tasks} <= tasks else ["tasks are missing"]
    faults += [] if gates["accepted"] and bundle.manifest.accepted else ["the gates rejected it"]
    faults += [] if leakage else ["the leakage gate did not pass"]
    return _Link("report", not faults, ", ".join(faults), evidence)


def _stages(bundle: Bundle, artefacts: Artefacts) -> Iterator[_Link]:
    """The stages of the run speak of the same data; what a run never recorded cannot be looked at."""
    wanted = bundle.manifest.dataset_fingerprint
    for stage, read in (("data", _data_fingerprint), ("gates", _gates_fingerprint)):
        name = f"stages/{stage}.json"
        found = _document(artefacts, name)
        if found is None:
            yield _Link(name, None, "it is not there", Evidence(kind="artefact", ref=name))
            continue
        same = read(found) == wanted
        yield _Link(name, same, "" if same else "it is about other data", artefacts.evidence(name))
    name = "bundle/manifest.json"
    data = artefacts.data(name)
    if data is None:
        yield _Link(name, None, "it is not there", Evidence(kind="artefact", ref=name))
        return
    try:
        version = json.loads(data).get("model_version")
    except (ValueError, AttributeError):
        version = None
    same = version == bundle.manifest.model_version
    evidence = Evidence(kind="artefact", ref=name, sha256=hashlib.sha256(data).hexdigest())
    yield _Link(name, same, "" if same else f"the run made {version}", evidence)


def _document(artefacts: Artefacts, name: str) -> Mapping[str, Any] | None:
    found = artefacts.json(name)
    return found if isinstance(found, dict) else None


def _data_fingerprint(stage: Mapping[str, Any]) -> Any:
    return stage.get("result", {}).get("fingerprint")


def _gates_fingerprint(stage: Mapping[str, Any]) -> Any:
    return stage.get("inputs", {}).get("dataset") if stage.get("result", {}).get("accepted") else None


def ages(period: str, last: str, bundle: Bundle, promotions: Sequence[Promoted]) -> list[Measurement]:
    """``fria_age_days`` and ``model_card_age_days`` on the period's last day, from the promotion of what serves."""
    version = bundle.manifest.model_version
    mine = [one for one in promotions if one.record.challenger == version and one.record.outcome != "reject"]
    if not mine:
        why = f"no promotion of {version} is on record"
        names = ("fria_age_days", "model_card_age_days")
        return [Measurement(name=name, period=period, value=None, why=why) for name in names]
    assessed = [one for one in mine if one.record.fria is not None]
    card = _age("model_card_age_days", period, last, date.fromisoformat(mine[-1].at[:10]), mine[-1])
    if not assessed:
        why = f"{version} was promoted without an assessment"
        return [Measurement(name="fria_age_days", period=period, value=None, why=why), card]
    fria = assessed[-1].record.fria
    assert fria is not None
    return [_age("fria_age_days", period, last, fria.date, assessed[-1], assessor=fria.assessor), card]


def _age(name: str, period: str, last: str, since: date, promoted: Promoted, **detail: str) -> Measurement:
    return Measurement(
        name=name,
        period=period,
        value=float(max(0, (date.fromisoformat(last) - since).days)),
        unit="days",
        detail={"date": since.isoformat(), "operator": promoted.record.operator, **detail},
        evidence=[Evidence(kind="audit", ref=promoted.place)],
    )
