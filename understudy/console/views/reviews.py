"""The review queue: people look at what the model recommends, and decide about it once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args
from urllib.parse import urlencode

from pydantic import ValidationError

from understudy.client import ApiError
from understudy.console.desk import Desk, Go, Page
from understudy.console.figures import number, when
from understudy.console.forms import Field, area, hidden, posting, submit
from understudy.console.marks import mark
from understudy.console.reasons import reason_text
from understudy.console.sessions import Notice
from understudy.console.tables import empty, facts, panel, table
from understudy.console.tabs import tabs
from understudy.console.words import Words
from understudy.contracts.api import Recommendation
from understudy.contracts.oversight import Review, ReviewDecision, ReviewState
from understudy.page import Markup, join, tag

__all__ = ["decide", "review", "reviews"]

STATES: tuple[ReviewState, ...] = get_args(ReviewState)
DECISIONS = ("approved", "rejected", "modified")


def reviews(desk: Desk) -> Page | Go:
    """A page of one state, earliest due first."""
    words = desk.words
    state = next((one for one in STATES if one == desk.asked("state")), STATES[0])
    page = desk.client.reviews(state, after=desk.asked("after") or None)
    links = {words(f"review.{one}"): f"/reviews?state={one}" for one in STATES}
    columns = [words(f"review.{key}") for key in ("product", "tier", "customer", "due", "rule", "state")]
    rows = [_row(one, words, desk.now) for one in page.reviews]
    target = f"/reviews?{urlencode({'state': state, 'after': page.next})}"
    more = tag("a", words("review.next"), href=target, class_="more") if page.next else None
    listing = table(words("review.caption"), columns, rows) if rows else empty(words("review.none"))
    content = (
        tag("p", words("review.lead"), class_="lead"),
        tabs(words("review.states"), links, f"/reviews?state={state}"),
        panel("queue", words(f"review.{state}"), join(listing, more)),
    )
    return Page("reviews", words("review.title"), content)


def _row(one: Review, words: Words, now: datetime) -> tuple[Markup | str, ...]:
    name = str(one.recommendation.get("name") or one.recommendation.get("product_id") or one.review_id)
    late = one.state == "pending" and datetime.fromisoformat(one.due) < now
    overdue = tag("span", f" {words('incident.overdue')}", class_="late") if late else None
    return (
        tag("a", name, href=f"/reviews/{one.review_id}"),
        join(f"{one.tier} ", tag("span", words(f"review.tier{one.tier}"), class_="hint")),
        tag("code", one.customer_id),
        join(when(one.due), overdue),
        one.rule,
        mark(one.state, words),
    )


@dataclass(frozen=True)
class Draft:
    """What the operator had filled in, and what was wrong with it."""

    decision: str = ""
    reason: str = ""
    text: str = ""
    errors: dict[str, str] = field(default_factory=dict)


def review(desk: Desk) -> Page | Go:
    """One review, and the three ways to decide about it."""
    found = desk.client.review(desk.params["review_id"])
    desk.session.name(found.request_id, found.customer_id)
    return _page(found, desk, Draft())


def decide(desk: Desk) -> Page | Go:
    """Take the form; what the API or the Safety Gate refuses is shown beside what was written."""
    draft = Draft(desk.filled("decision"), desk.filled("reason"), desk.filled("text"))
    review_id, words = desk.params["review_id"], desk.words
    try:
        wanted = ReviewDecision.model_validate(
            {"decision": draft.decision, "reason": draft.reason}
            | ({"text": draft.text} if draft.decision == "modified" else {})
        )
        decided = desk.client.decide_review(review_id, wanted)
    except ValidationError as error:
        fields = {str(item["loc"][0]) if item["loc"] else "text" for item in error.errors(include_input=False)}
        errors = {name: words.named("review_error", name) for name in sorted(fields)}
        return _again(desk, draft, errors, 400)
    except ApiError as error:
        if error.status not in (400, 409) or error.problem is None:
            raise
        errors = {one.field: _refusal(one.field, one.message, words) for one in error.problem.errors}
        return _again(desk, draft, errors or {"reason": error.problem.detail}, error.status)
    desk.session.notice = Notice(f"review.was_{decided.state}", {"product": _product(decided)})
    return Go("/reviews")


def _refusal(name: str, message: str, words: Words) -> str:
    return words("review.gate_refused", message=message) if name == "text" else message


def _again(desk: Desk, draft: Draft, errors: dict[str, str], status: int) -> Page:
    found = desk.client.review(desk.params["review_id"])
    return _page(found, desk, Draft(draft.decision, draft.reason, draft.text, errors), status)


def _product(one: Review) -> str:
    return str(one.recommendation.get("name") or one.recommendation.get("product_id") or "")


def _page(one: Review, desk: Desk, draft: Draft, status: int = 200) -> Page:
    words = desk.words
    recommendation = Recommendation.model_validate(one.recommendation)
    content = [
        tag("p", tag("a", words("review.back"), href="/reviews"), class_="back"),
        tag(
            "div",
            panel("recommendation", words("review.recommendation"), _told(one, recommendation, words)),
            panel("case", words("review.case"), _case(one, desk)),
            class_="pair",
        ),
    ]
    if one.state == "pending":
        forms = _forms(one, recommendation, desk, draft)
        content.append(panel("decide", words("review.decide"), *forms, class_="decide"))
    else:
        content.append(panel("outcome", words("review.outcome"), _outcome(one, words)))
    return Page("reviews", recommendation.name, tuple(content), mark(one.state, words), status)


def _told(one: Review, recommendation: Recommendation, words: Words) -> Markup:
    return join(
        reason_text(recommendation.reason, words),
        facts(
            [
                (words("review.score"), number(recommendation.score)),
                (words("review.place"), str(recommendation.rank)),
                (words("review.family"), recommendation.family),
                (words("review.delivered"), words("review.yes" if one.delivered else "review.withheld")),
            ]
        ),
    )


def _case(one: Review, desk: Desk) -> Markup:
    words = desk.words
    look = posting(
        "/decisions",
        desk.session.csrf,
        hidden("request_id", one.request_id),
        hidden("customer_id", one.customer_id),
        submit(words("review.explore"), "quiet"),
        class_="inline",
    )
    return join(
        facts(
            [
                (words("review.customer"), tag("code", one.customer_id)),
                (words("review.tier"), f"{one.tier}: {words(f'review.tier{one.tier}')}"),
                (words("review.rule"), one.rule),
                (words("review.created"), when(one.created)),
                (words("review.due"), when(one.due)),
                (words("review.model"), tag("code", one.model_version)),
                (words("review.request"), tag("code", one.request_id)),
            ]
        ),
        look,
    )


def _forms(one: Review, recommendation: Recommendation, desk: Desk, draft: Draft) -> list[Markup]:
    """One form for each decision: what is asked for is what that decision needs."""
    return [_form(decision, one, recommendation, desk, draft) for decision in DECISIONS]


def _form(decision: str, one: Review, recommendation: Recommendation, desk: Desk, draft: Draft) -> Markup:
    words, mine = desk.words, draft.decision == decision
    errors = draft.errors if mine else {}
    text = None
    if decision == "modified":
        written = draft.text if mine and draft.text else recommendation.reason.text
        field = Field("text", words("review.text"), written, words("review.text_hint"), errors.get("text", ""))
        text = area(field, 4, lang=recommendation.reason.locale, maxlength="2000")
    why = Field(
        "reason",
        words("review.reason"),
        draft.reason if mine else "",
        error=errors.get("reason", ""),
        key=f"reason-{decision}",
    )
    title = tag("summary", words(f"review.do_{decision}"))
    form = posting(
        f"/reviews/{one.review_id}",
        desk.session.csrf,
        hidden("decision", decision),
        text,
        area(why, 2, minlength="3", maxlength="500"),
        submit(words(f"review.do_{decision}"), "danger" if decision == "rejected" else "primary"),
    )
    return tag("details", title, form, open="" if mine or (decision == "approved" and not draft.decision) else None)


def _outcome(one: Review, words: Words) -> Markup:
    told = [
        (words("review.state"), mark(one.state, words)),
        (words("review.by"), one.operator or "—"),
        (words("review.at"), when(one.decided_at)),
        (words("review.reason"), one.reason or "—"),
    ]
    final = Recommendation.model_validate(one.final) if one.final else None
    return join(facts(told), reason_text(final.reason, words) if final else None)
