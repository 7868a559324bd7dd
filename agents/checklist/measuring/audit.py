"""P6: what an auditor asks of the whole."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import numpy as np

from agents.checklist.measuring.distillation import GATES, gate_measure, serving_students
from agents.checklist.measuring.training import manifest_evidence
from agents.checklist.night import Night
from agents.checklist.papers import MissingEvidenceError
from agents.checklist.registry import Value, measures
from agents.evaluation.claims import ClaimReader
from agents.evaluation.diversity import Told, diversity
from agents.evidence import LAYERS, Columns
from understudy.bundle import Bundle
from understudy.contracts._model import Locale
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.contracts.features import Value as FeatureValue
from understudy.contracts.watch import Evidence

# Sections of the model card, and files, that stand for the elements of annex IV of the EU AI Act.
SECTIONS = ("Purpose", "Outcome", "Data", "Results", "Gates", "Limits")
FILES = ("model_card.md", "report.html", "report.json", "catalog.json", "glossary.json", "rules.json", "templates.json")
_SECTION = re.compile(r"^## (.+?)\s*$", re.MULTILINE)
MODELS = [LAYERS.index("distilled"), LAYERS.index("direct")]
# A day's claims are read from this many texts at most.
READ = 400


@measures("auc_gap")
def auc_gap(night: Night) -> Value:
    """How far the serving student's AUC on the test rows lies under its teacher's beyond noise: the lower bound of the
    paired difference where the quality gate took it, else the gap between the two intervals. The worst binary task."""
    found = {
        task.name: gap
        for task, _ in serving_students(night)
        if task.type == "binary" and (gap := _gap(night, task.name, task.layer)) is not None
    }
    if not found:
        raise MissingEvidenceError("the gate report holds no AUC of a task that a student serves")
    worst = max(found, key=lambda task: (found[task], task))
    evidence = night.papers.evidence(GATES)
    return Value(found[worst], evidence, n=len(found), detail={"task": worst, "all": found})


@measures("documentation")
def documentation(night: Night) -> Value:
    """1 if the serving bundle holds its model card with the sections of annex IV, its report, and the texts and rules
    by which customers are told of it; and the person who signed it off is on record."""
    bundle = night.serving()
    files = bundle.manifest.files
    lacking = [name for name in FILES if name not in files]
    if "model_card.md" in files:
        found = set(_SECTION.findall(bundle.read("model_card.md").decode()))
        lacking += [f"model_card.md: {section}" for section in SECTIONS if section not in found]
    signed = next((p for p in night.entries().promotions if p.promoted and p.version == _version(bundle)), None)
    if signed is None or not signed.operator:
        lacking.append("a person's sign-off in the audit log")
    evidence = [manifest_evidence(night)] + ([signed.evidence] if signed else [])
    return Value(float(not lacking), evidence, n=len(FILES) + len(SECTIONS) + 1, detail={"lacking": lacking})


@measures("fria_age_days")
def fria_age_days(night: Night) -> Value:
    """Days since the fundamental rights impact assessment with which the serving version was promoted."""
    version = _version(night.serving())
    for promotion in reversed(night.entries().promotions):
        if promotion.promoted and promotion.version == version and promotion.fria is not None:
            detail = {"assessor": promotion.fria.assessor, "date": promotion.fria.date.isoformat()}
            age = (date.fromisoformat(night.day) - promotion.fria.date).days
            return Value(max(age, 0), [promotion.evidence], unit="days", detail=detail)
    raise MissingEvidenceError(f"no promotion of {version} with an assessment is on record")


@measures("model_card_age_days")
def model_card_age_days(night: Night) -> Value:
    """Days since the serving version was promoted, and its model card with it."""
    version = _version(night.serving())
    for promotion in reversed(night.entries().promotions):
        if promotion.promoted and promotion.version == version:
            age = (date.fromisoformat(night.day) - date.fromisoformat(promotion.at[:10])).days
            detail = {"promoted": promotion.at[:10], "operator": promotion.operator}
            return Value(max(age, 0), [promotion.evidence], unit="days", detail=detail)
    raise MissingEvidenceError(f"no promotion of {version} is on record")


@measures("reason_difference")
def reason_difference(night: Night) -> Value:
    """Mean Jaccard distance of the words of two reasons told for the same product to customers of whom other facts are
    told, in the language told most; 0 where all say the same."""
    columns = night.decisions()
    told = [one for one in columns.told if one.passed]
    locales = [one.locale for one in told]
    if not locales:
        raise MissingEvidenceError("no reason was told today")
    locale = max(sorted(set(locales)), key=locales.count)
    chosen = [
        Told(product=one.product, facts=tuple(sorted(str(fact["key"]) for fact in one.facts)), text=one.text)
        for one in told
        if one.locale == locale
    ]
    found = diversity(chosen)
    if found.distance is None:
        raise MissingEvidenceError("no two reasons with other facts were told for one product")
    detail = {"locale": locale, "texts": found.texts, "share of other texts": found.different}
    return Value(found.distance, _told(night), n=found.pairs, detail=detail)


@measures("faithfulness")
def faithfulness(night: Night) -> Value:
    """Share of the claims in the reasons told, read back out of their texts, that the features of the very decision
    bear out; over decisions whose features are kept."""
    columns, bundle = night.decisions(), night.serving()
    rows = {columns.request_ids[row]: place for place, row in enumerate(columns.kept.tolist())}
    readers: dict[Locale, ClaimReader] = {}
    claims: list[bool] = []
    texts = 0
    for one in columns.told:
        place = rows.get(one.request_id)
        if place is None or not one.passed or texts >= READ:
            continue
        texts += 1
        locale: Locale = "ko" if one.locale == "ko" else "en"
        if locale not in readers:
            readers[locale] = ClaimReader(bundle.glossary, locale)
        found = readers[locale].claims(one.text, _record(columns, bundle, place))
        claims += [claim.supported for claim in found]
    if not claims:
        raise MissingEvidenceError("no text that was told today makes a claim that can be held against its record")
    detail = {"texts": texts, "claims": len(claims), "unsupported": claims.count(False)}
    return Value(sum(claims) / len(claims), _told(night), n=len(claims), unit="share", detail=detail)


@measures("data_protection_violations")
def data_protection_violations(night: Night) -> Value:
    """Decisions on customers who object to automated decisions (PIPA art. 37-2), or whose objection could not be read,
    for which a model was asked all the same."""
    columns = night.decisions()
    objected = columns.opted_out | columns.read_error
    asked = np.isin(columns.layers, MODELS).any(axis=1)
    rows = np.flatnonzero(objected & asked)
    places = [f"{columns.writers[columns.writer[row]]}/{int(columns.seq[row])}" for row in rows[:20]]
    detail = {"objected": int(objected.sum()), "entries": places, "erased": columns.erased}
    evidence = [Evidence(kind="audit", ref=place) for place in places] or _told(night)
    return Value(len(rows), evidence, n=len(columns), unit="decisions", detail=detail)


@measures("audit_chain")
def audit_chain(night: Night) -> Value:
    """1 if the whole log verifies, and agrees with its signed checkpoints. An empty log, or one without checkpoints,
    is not known to be whole: that is what it would look like after it was wiped, or set back."""
    state = night.verified()
    detail = {
        "verified at": state.at,
        "entries": state.entries,
        "writers": state.writers,
        "checkpoints": state.checkpoints,
        "covered": state.covered,
        "first bad entries": [f"{b.writer}/{b.seq}: {b.problem}: {b.detail}" for b in state.bad[:20]],
    }
    if state.verdict == "empty":
        raise MissingEvidenceError("the audit log is empty")
    if state.verdict == "clean" and not state.checkpoints:
        raise MissingEvidenceError("every chain verifies, but no signed checkpoint says that none was set back")
    bad = [Evidence(kind="audit", ref=f"{each.writer}/{each.seq}") for each in state.bad[:20]]
    evidence = bad or [Evidence(kind="checkpoint", ref=f"checkpoints 1 to {state.checkpoints}")]
    return Value(float(state.verdict == "clean"), evidence, n=state.entries, detail=detail)


def _gap(night: Night, task: str, layer: str) -> float | None:
    paired = gate_measure(night, task, "quality", "auc_drop") if layer == "distilled" else None
    if paired is not None:
        return max(float(paired["low"]), 0.0)
    scores: dict[str, list[dict[str, Any]]] = next(
        (t["scores"] for t in night.papers.json(GATES)["tasks"] if t["task"] == task), {}
    )
    auc = {who: next((m for m in scores.get(who, []) if m["name"] == "auc"), None) for who in ("teacher", layer)}
    teacher, student = auc["teacher"], auc[layer]
    if teacher is None or student is None:
        return None
    return max(float(teacher["low"]) - float(student["high"]), 0.0)


def _version(bundle: Bundle) -> str:
    return bundle.manifest.model_version


def _told(night: Night) -> list[Evidence]:
    return [Evidence(kind="audit", ref=f"{night.day}: model_inference")]


def _record(columns: Columns, bundle: Bundle, place: int) -> CustomerRecord:
    """The record that a kept decision was made on, as far as its features go."""
    features: dict[str, FeatureValue] = {}
    for definition, value in zip(bundle.manifest.features.features, columns.features[place].tolist(), strict=True):
        if value == value:
            features[definition.name] = definition.categories[int(value)] if definition.categories else value
    version = bundle.manifest.features.version
    return CustomerRecord(
        customer_id="-", schema_version=version, as_of=columns.day, features=features, profile=CustomerProfile()
    )
