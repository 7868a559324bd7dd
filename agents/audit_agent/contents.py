"""What opened decisions themselves show: caps kept, people asked, the machine named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.audit_agent.reasons import recommended
from understudy.bundle import Bundle
from understudy.contracts.catalog import SuitabilityPolicy
from understudy.contracts.watch import Evidence, Measurement

__all__ = ["content_checks", "own_cap"]

NAMED = 20


def content_checks(period: str, bundle: Bundle, contents: Mapping[str, Mapping[str, Any]]) -> list[Measurement]:
    """``suitability_violations``, ``oversight_bypasses`` and ``disclosure_share`` of the drawn decisions.

    The cap is worked out again from the profile in the entry, not read from it; the risk of a product is that of the
    catalog that decided, so that decisions of another version are not judged by it.
    """
    risks = {product.id: product.risk_level for product in bundle.catalog.products}
    own = {p: c for p, c in contents.items() if c["model_version"] == bundle.manifest.model_version}
    unsuitable = [
        place
        for place, content in sorted(own.items())
        if any(
            (risk := risks.get(one["product_id"])) is None or risk > own_cap(content, bundle.catalog.suitability)
            for one in recommended(content).values()
        )
    ]
    bypassed = [
        place
        for place, content in sorted(contents.items())
        if any(one["review_tier"] == 3 for one in content["answer"]["recommendations"])
    ]
    marked = [place for place, content in sorted(contents.items()) if content["answer"]["ai_disclosure"].strip()]
    return [
        _counted("suitability_violations", period, unsuitable, list(own)),
        _counted("oversight_bypasses", period, bypassed, list(contents)),
        _share("disclosure_share", period, marked, list(contents)),
    ]


def own_cap(content: Mapping[str, Any], policy: SuitabilityPolicy) -> int:
    """The highest risk that the customer may be offered, by the law's rules; what is not known counts as the worst."""
    profile: Mapping[str, Any] = (content["record"] or {}).get("profile") or {}
    tolerance, age, income = (profile.get(name) for name in ("risk_tolerance", "age", "income_krw"))
    if tolerance is None:
        return 0
    caps = [int(tolerance)]
    if age is None or age >= policy.senior_age:
        caps.append(policy.senior_max_risk)
    if income is None or income < policy.low_income_krw:
        caps.append(policy.low_income_max_risk)
    return min(caps)


def _counted(name: str, period: str, found: list[str], looked: list[str]) -> Measurement:
    if not looked:
        return Measurement(name=name, period=period, value=None, why="no decision was drawn that can be opened")
    return Measurement(
        name=name,
        period=period,
        value=float(len(found)),
        n=len(looked),
        unit="decisions",
        evidence=_refs(found or sorted(looked)[:2]),
    )


def _share(name: str, period: str, found: list[str], looked: list[str]) -> Measurement:
    if not looked:
        return Measurement(name=name, period=period, value=None, why="no decision was drawn that can be opened")
    lacking = sorted(set(looked) - set(found))
    return Measurement(
        name=name,
        period=period,
        value=len(found) / len(looked),
        n=len(looked),
        unit="share",
        evidence=_refs(lacking or sorted(looked)[:2]),
    )


def _refs(places: list[str]) -> list[Evidence]:
    return [Evidence(kind="audit", ref=place) for place in places[:NAMED]]
