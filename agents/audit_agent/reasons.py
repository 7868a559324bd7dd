"""What the drawn reasons are worth, judged anew from their text, the record and the rules as they are now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from agents.audit_agent.strata import STRATA, Pick, weighted_mean
from agents.evaluation import Judge, Quality, diversity
from agents.evaluation.diversity import Told
from agents.safety_gate import SafetyGate, load_rules
from understudy.bundle import Bundle
from understudy.contracts.api import CustomerRecord
from understudy.contracts.reasons import Reason
from understudy.contracts.watch import Evidence, Measurement

__all__ = ["recommended", "told_reasons"]

WORST = 10
PARTS = ("faithfulness", "grounding", "compliance", "readability")


class _Judged(NamedTuple):
    pick: Pick
    quality: Quality
    told: Told
    locale: str
    source: str


def told_reasons(
    period: str,
    bundle: Bundle,
    picks: Sequence[Pick],
    contents: Mapping[str, Mapping[str, Any]],
    population: Sequence[int],
) -> list[Measurement]:
    """``reason_quality``, ``faithfulness`` and ``reason_difference`` of what was drawn.

    ``population``: recommendations in each stratum. Decisions of another version than the bundle's are left out: their
    catalog and glossary may be others.
    """
    judged, left = _judged(bundle, picks, contents)
    names = ("reason_quality", "faithfulness", "reason_difference")
    if not judged:
        why = "no reason was drawn that can be judged: " + (
            ", ".join(f"{n} {w}" for w, n in sorted(left.items())) or "none"
        )
        return [Measurement(name=name, period=period, value=None, why=why) for name in names]
    totals = [one.quality.total for one in judged]
    worst = sorted(judged, key=lambda one: (one.quality.total, one.pick.place))[:WORST]
    shared: dict[str, Any] = {
        "judged": len(judged),
        "left out": dict(sorted(left.items())),
        "by source": dict(sorted(Counter(one.source for one in judged).items())),
        "parts": {part: round(_mean(part, judged), 4) for part in PARTS},
        "strata": _strata(judged, population),
        "lowest": round(worst[0].quality.total, 4),
    }
    evidence = [Evidence(kind="audit", ref=place) for place in dict.fromkeys(one.pick.place for one in worst)]
    value, low, high = weighted_mean(totals, [one.pick for one in judged])
    claims = [one for one in judged if one.quality.claims]
    made = {"period": period, "unit": "share", "interval": "95 %, by linearisation"}
    found = [
        Measurement(
            name="reason_quality", value=value, low=low, high=min(1.0, high), n=len(judged), detail=shared,
            evidence=evidence, **made,
        )
    ]  # fmt: skip
    if claims:
        value, low, high = weighted_mean([one.quality.faithfulness for one in claims], [one.pick for one in claims])
        unfaithful = [one.pick.place for one in claims if one.quality.faithfulness < 1][:WORST]
        found.append(
            Measurement(
                name="faithfulness", value=value, low=low, high=min(1.0, high), n=len(claims),
                detail={"texts with claims": len(claims), "unfaithful": unfaithful},
                evidence=[Evidence(kind="audit", ref=place) for place in dict.fromkeys(unfaithful)] or evidence, **made,
            )
        )  # fmt: skip
    else:
        why = "no text that was drawn makes a claim"
        found.append(Measurement(name="faithfulness", period=period, value=None, why=why))
    return [*found, _difference(period, judged, evidence)]


def recommended(content: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    """Rank -> recommendation, those withheld for a person included."""
    return {int(one["rank"]): one for one in [*content["answer"]["recommendations"], *content["withheld"]]}


def _judged(
    bundle: Bundle, picks: Sequence[Pick], contents: Mapping[str, Mapping[str, Any]]
) -> tuple[list[_Judged], Counter[str]]:
    judge = Judge(bundle.glossary, SafetyGate(load_rules()))
    products = {product.id: product for product in bundle.catalog.products}
    judged: list[_Judged] = []
    left = Counter[str]()
    for pick in picks:
        content = contents.get(pick.place)
        if content is None:
            left["not opened"] += 1
            continue
        if content["model_version"] != bundle.manifest.model_version:
            left["of another version"] += 1
            continue
        one = recommended(content).get(pick.rank)
        if one is None or not one["reason"]["text"]:
            left["without a text"] += 1
            continue
        reason = Reason.model_validate(one["reason"])
        product = products[one["product_id"]]
        quality = judge.judge(reason, product, _record(content), content["risk_cap"]["level"])
        told = Told(product=product.id, facts=tuple(sorted(fact.key for fact in reason.facts)), text=reason.text)
        judged.append(_Judged(pick, quality, told, reason.locale, reason.source))
    return judged, left


def _record(content: Mapping[str, Any]) -> CustomerRecord:
    kept = content["record"] or {"schema_version": "", "as_of": "", "features": {}, "profile": {}}
    return CustomerRecord.model_validate({**kept, "features": kept["features"] or {}, "customer_id": "audit"})


def _mean(part: str, judged: Sequence[_Judged]) -> float:
    return weighted_mean([float(getattr(one.quality, part)) for one in judged], [one.pick for one in judged])[0]


def _strata(judged: Sequence[_Judged], population: Sequence[int]) -> dict[str, dict[str, float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for one in judged:
        found[one.pick.stratum].append(one.quality.total)
    return {
        name: {"of": size, "judged": len(found[name]), "quality": round(sum(found[name]) / len(found[name]), 4)}
        for name, size in zip(STRATA, population, strict=True)
        if found[name]
    }


def _difference(period: str, judged: Sequence[_Judged], evidence: list[Evidence]) -> Measurement:
    """As the item of the checklist: the mean Jaccard distance of texts for one product, in the language told most."""
    locales = Counter(one.locale for one in judged)
    locale = max(sorted(locales), key=locales.__getitem__)
    found = diversity([one.told for one in judged if one.locale == locale])
    if found.distance is None:
        why = "no two reasons with other facts were drawn for one product"
        return Measurement(name="reason_difference", period=period, value=None, why=why)
    detail = {"locale": locale, "texts": found.texts, "share of other texts": found.different}
    return Measurement(
        name="reason_difference", period=period, value=found.distance, n=found.pairs, detail=detail, evidence=evidence
    )
