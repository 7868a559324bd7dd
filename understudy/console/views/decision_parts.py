"""What is sealed in a decision: products with their reasons, layers, scores, what was dropped, features."""

from __future__ import annotations

import json
from collections.abc import Mapping

from understudy.console.figures import number
from understudy.console.marks import mark, plain_mark
from understudy.console.plots import Bar, bars
from understudy.console.reasons import reason_text
from understudy.console.tables import empty, facts, panel, table
from understudy.console.words import Words
from understudy.contracts.api import Recommendation, TaskScore
from understudy.contracts.inspection import (
    JudgedProduct,
    JudgedText,
    OpenedDecision,
    ProductContributions,
    Recomputed,
)
from understudy.page import Markup, join, tag

__all__ = ["computed_panel", "dropped_panel", "features_panel", "layers_panel", "products_panel", "request_panel"]


def products_panel(opened: OpenedDecision, words: Words) -> Markup:
    """Each recommended product: its score, reason, the Safety Gate's verdicts, and what argued for it."""
    judged = {one.product_id: one for one in opened.judged}
    argued = {one.product_id: one for one in opened.recomputed.contributions}
    withheld = {one.product_id for one in opened.withheld}
    products = sorted([*opened.recommendations, *opened.withheld], key=lambda one: one.rank)
    if not products:
        return panel("products", words("decision.products"), empty(words("decision.no_products")))
    cards = [
        _product(one, judged.get(one.product_id), argued.get(one.product_id), one.product_id in withheld, words)
        for one in products
    ]
    return panel("products", words("decision.products"), *cards)


def _product(
    one: Recommendation,
    judged: JudgedProduct | None,
    argued: ProductContributions | None,
    withheld: bool,
    words: Words,
) -> Markup:
    tier = words("decision.tier", tier=one.review_tier, means=words(f"review.tier{one.review_tier}"))
    head = tag(
        "div",
        tag("h3", f"{one.rank}. {one.name}"),
        tag("span", number(one.score), class_="score", title=words("review.score")),
        plain_mark(words("decision.withheld"), "warn") if withheld else None,
        class_="head",
    )
    drivers = ", ".join(f"{name} {number(value)}" for name, value in one.drivers.items())
    told = tag(
        "div",
        tag("p", tag("code", one.product_id), f" · {one.family} · {tier}", class_="meta"),
        reason_text(one.reason, words),
        tag("p", words("decision.drivers"), " ", tag("code", drivers), class_="meta"),
        _verdicts(judged, words),
    )
    return tag("article", head, tag("div", told, _argued(argued, words), class_="split"), class_="product")


def _verdicts(judged: JudgedProduct | None, words: Words) -> Markup:
    if judged is None or not judged.texts:
        return tag("p", words("decision.not_judged"), class_="why")
    tried = [tag("li", _verdict(at, one, words)) for at, one in enumerate(judged.texts, start=1)]
    return tag("div", tag("h4", words("decision.gate")), tag("ol", *tried, class_="verdicts"))


def _verdict(at: int, one: JudgedText, words: Words) -> Markup:
    name = words("decision.text_no", number=at, source=words.named("source", one.reason.source))
    state = plain_mark(words("decision.passed" if one.passed else "decision.rejected"), "good" if one.passed else "bad")
    found = [
        tag("li", tag("code", str(f.get("rule_id", ""))), f" {f.get('clause', '')} · {f.get('message', '')}")
        for f in one.findings
    ]
    refused = tag("blockquote", one.reason.text, lang=one.reason.locale) if not one.passed else None
    return join(name, " ", state, refused, tag("ul", *found, class_="plain") if found else None)


def _argued(argued: ProductContributions | None, words: Words) -> Markup:
    if argued is None:
        return tag("p", words("decision.no_contributions"), class_="why")
    if not argued.values:
        return tag("p", words("decision.nothing_argued"), class_="why")
    found = [Bar(name, value) for name, value in argued.values.items()]
    if argued.rest:
        found.append(Bar(words("decision.rest"), argued.rest))
    driver = f"{argued.task}:{argued.class_name}" if argued.class_name else argued.task
    title = words("decision.contributions", driver=driver)
    columns = (words("decision.feature"), words("decision.contribution"))
    picture = bars(f"shap-{argued.product_id}", title, found, words, columns=columns)
    return tag("div", picture, class_="plots one")


def layers_panel(opened: OpenedDecision, words: Words) -> Markup:
    """Who spoke for each task, and why no better layer did."""
    gates = opened.teacher
    columns = [words(f"decision.{key}") for key in ("task", "layer", "says", "steps", "teacher")]
    rows = [
        (
            task,
            mark(score.layer, words, "layer"),
            _says(score),
            tag("ul", *(tag("li", step) for step in score.steps), class_="plain") if score.steps else "—",
            _gates(gates.get(task, {}), words) if score.layer == "distilled" else "—",
        )
        for task, score in opened.tasks.items()
    ]
    overseen = [tag("li", one) for one in opened.oversight]
    return panel(
        "layers",
        words("decision.layers"),
        tag("ul", *overseen, class_="plain notice bad") if overseen else Markup(""),
        table(words("decision.layers"), columns, rows, class_="layers"),
    )


def _says(score: TaskScore) -> str:
    if not score.classes:
        return number(score.value)
    best = sorted(score.classes.items(), key=lambda pair: -pair[1])[:3]
    return ", ".join(f"{name} {number(value)}" for name, value in best)


def _gates(found: Mapping[str, float], words: Words) -> Markup:
    """The teacher's mean gate weights, the heaviest first: its explanation of whom it listened to."""
    if not found:
        return tag("span", words("decision.no_gates"), class_="why")
    ordered = sorted(found.items(), key=lambda pair: -pair[1])
    return tag("span", ", ".join(f"{name} {weight:.0%}" for name, weight in ordered), class_="gates")


def computed_panel(again: Recomputed, words: Words) -> Markup:
    """Whether the bundle that is served gives the same scores."""
    told = [(words("decision.outcome"), mark(again.outcome, words)), (words("decision.note"), again.note)]
    if again.differing:
        told.append((words("decision.differing"), ", ".join(again.differing)))
    return panel("recomputed", words("decision.recomputed"), facts(told))


def dropped_panel(opened: OpenedDecision, words: Words) -> Markup:
    """Every product that was not recommended, and why."""
    if not opened.dropped:
        return panel("dropped", words("decision.dropped"), empty(words("decision.none_dropped")))
    columns = [words("decision.product"), words("decision.why")]
    rows = [(tag("code", one.product_id), one.reason) for one in opened.dropped]
    return panel("dropped", words("decision.dropped"), table(words("decision.dropped"), columns, rows))


def request_panel(opened: OpenedDecision, words: Words) -> Markup:
    """The request's options, and what was known about the customer's situation."""
    profile = opened.profile
    told: list[tuple[str, str | Markup]] = [
        (name, "—" if value is None else str(value)) for name, value in opened.request.items()
    ]
    told += [(name, json.dumps(value, ensure_ascii=False)) for name, value in opened.given.items()]
    cap, rule = opened.risk_cap.get("level"), opened.risk_cap.get("rule")
    told += [
        (words("decision.cap"), f"{'—' if cap is None else cap} ({rule})"),
        (words("decision.contacts"), number(opened.contacts)),
    ]
    if profile is not None:
        told += [
            (words("decision.age"), number(profile.age)),
            (words("decision.income"), number(profile.income_krw)),
            (words("decision.tolerance"), number(profile.risk_tolerance)),
            (words("decision.owned"), ", ".join(profile.owned) or "—"),
        ]
    return panel("request", words("decision.request"), facts(told))


def features_panel(opened: OpenedDecision, words: Words) -> Markup:
    """The features that the students read."""
    if not opened.features:
        return panel("features", words("decision.features"), empty(words("decision.no_features")))
    columns = [words("decision.feature"), words("decision.read")]
    rows = [
        (tag("code", name), value if isinstance(value, str) else number(value))
        for name, value in sorted(opened.features.items())
    ]
    missing = ", ".join(opened.features_missing) or "—"
    note = words("decision.as_of", day=opened.features_as_of or "—", missing=missing)
    unfold = tag(
        "details",
        tag("summary", words("decision.show_features", features=len(rows))),
        table(words("decision.features"), columns, rows, class_="dense"),
    )
    return panel("features", words("decision.features"), tag("p", note, class_="meta"), unfold)
