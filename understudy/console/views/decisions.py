"""The decision explorer: one decision, from the features to the proof that it was recorded."""

from __future__ import annotations

from understudy.client import ApiError
from understudy.console.desk import Desk, Go, Page
from understudy.console.forms import Field, line, posting, submit
from understudy.console.marks import mark
from understudy.console.tables import empty, facts, panel, table
from understudy.console.views.decision_parts import (
    computed_panel,
    dropped_panel,
    features_panel,
    layers_panel,
    products_panel,
    request_panel,
)
from understudy.console.views.decision_proof import proof_panel
from understudy.contracts.inspection import DecisionRecord
from understudy.page import Markup, tag

__all__ = ["decision", "decisions", "find"]


def decisions(desk: Desk) -> Page | Go:
    """The form that asks which decision."""
    return _asking(desk, "", "", "")


def _asking(desk: Desk, request_id: str, customer_id: str, error: str, status: int = 200) -> Page:
    words = desk.words
    form = posting(
        "/decisions",
        desk.session.csrf,
        line(
            Field("request_id", words("decision.request_id"), request_id, words("decision.request_hint"), error),
            maxlength="64",
        ),
        line(
            Field(
                "customer_id",
                words("decision.customer_id"),
                customer_id,
                words("decision.customer_hint"),
                required=False,
            ),
            maxlength="64",
        ),
        submit(words("decision.look")),
    )
    lately = [
        tag("li", tag("a", tag("code", one), href=f"/decisions/{one}")) for one in reversed(desk.session.customers)
    ]
    content = [
        tag("p", words("decision.lead"), class_="lead"),
        panel("which", words("decision.which"), form),
    ]
    if lately:
        content.append(panel("lately", words("decision.lately"), tag("ul", *lately[:10], class_="plain")))
    return Page("decisions", words("decision.title"), tuple(content), status=status)


def find(desk: Desk) -> Page | Go:
    """Remember whom the decision is about, and go there: no URL holds a customer's id."""
    request_id, customer_id = desk.filled("request_id"), desk.filled("customer_id")
    if not request_id.replace("-", "").isalnum() or not request_id.isascii() or len(request_id) > 64:
        return _asking(desk, request_id, customer_id, desk.words("decision.malformed"), 400)
    if customer_id:
        desk.session.name(request_id, customer_id)
    else:
        desk.session.customers.pop(request_id, None)
    return Go(f"/decisions/{request_id}")


def decision(desk: Desk) -> Page | Go:
    """One decision; whole, if the operator named the customer in this session."""
    words, request_id = desk.words, desk.params["request_id"]
    customer_id = desk.session.customers.get(request_id)
    try:
        found = desk.client.decision(request_id, customer_id)
    except ApiError as error:
        if error.status not in (400, 404) or error.problem is None:
            raise
        desk.session.customers.pop(request_id, None)
        return _asking(desk, request_id, customer_id or "", error.problem.detail, error.status)
    summary, proof, opened = _summary(found, customer_id, desk), proof_panel(found, words), found.opened
    if opened is None:
        content = [tag("div", tag("div", summary, _closed(found, desk)), proof, class_="pair")]
    else:
        computed = computed_panel(opened.recomputed, words)
        content = [
            tag("div", tag("div", summary, computed), proof, class_="pair"),
            products_panel(opened, words),
            layers_panel(opened, words),
            tag("div", request_panel(opened, words), dropped_panel(opened, words), class_="pair"),
            features_panel(opened, words),
        ]
    return Page("decisions", words("decision.one"), tuple(content), mark(found.proof.entry, words))


def _summary(found: DecisionRecord, customer_id: str | None, desk: Desk) -> Markup:
    words = desk.words
    named = tag("code", customer_id) if customer_id and found.opened else words("decision.not_named")
    objected = {True: words("decision.yes"), False: words("decision.no"), None: "—"}[found.opted_out]
    return panel(
        "summary",
        words("decision.summary"),
        facts(
            [
                (words("decision.request_id"), tag("code", found.request_id)),
                (words("decision.customer_id"), named),
                (words("decision.model"), tag("code", found.model_version or "—")),
                (words("decision.opted_out"), objected),
                (
                    words("decision.read_error"),
                    "—" if found.closed == "altered" else found.read_error or words("decision.no"),
                ),
            ]
        ),
    )


def _closed(found: DecisionRecord, desk: Desk) -> Markup:
    """Why the sealed part is not shown; the layers stay readable."""
    words, closed = desk.words, found.closed or "unnamed"
    again = None
    if closed == "unnamed":
        again = posting(
            "/decisions",
            desk.session.csrf,
            tag("input", type="hidden", name="request_id", value=found.request_id),
            line(Field("customer_id", words("decision.customer_id"), hint=words("decision.customer_hint"))),
            submit(words("decision.open")),
        )
    rows = [(task, mark(layer, words, "layer")) for task, layer in found.layers.items()]
    columns = [words("decision.task"), words("decision.layer")]
    layers = table(words("decision.layers"), columns, rows) if rows else empty(words("decision.no_layers"))
    return panel(
        "closed",
        words("decision.closed"),
        tag("p", words(f"decision.closed_{closed}"), class_="lead"),
        *([again] if again else []),
        layers,
    )
