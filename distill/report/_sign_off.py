"""The last section: what a model-risk officer signs, and what stays open when they do."""

from __future__ import annotations

import hashlib

from distill.report._facts import ReportDocument
from understudy.atomic import canonical_json
from understudy.contracts.gates import GateReport
from understudy.page.markup import Markup, join, tag

__all__ = ["open_points", "sign_off"]

FIELDS = ("Decision (promote, promote with conditions, refuse)", "Conditions", "Name and function", "Date", "Signature")


def sign_off(document: ReportDocument) -> Markup:
    """The digest that binds a signature to these figures, the open points, and lines to fill in.

    The digest is the SHA-256 of ``report.json`` as it is written beside this page. The named sign-off that lets the
    bundle be promoted is an entry of the audit log (``understudy promote --sign-off``).
    """
    digest = hashlib.sha256(canonical_json(document.model_dump(mode="json"))).hexdigest()
    points = open_points(document.gates)
    listed = tag("ul", *(tag("li", point) for point in points)) if points else tag("p", "No open point.")
    rows = [tag("tr", tag("th", name, scope="row"), tag("td", "")) for name in FIELDS]
    return join(
        tag("p", "Figures signed: report.json, SHA-256 ", tag("code", digest, class_="hash"), "."),
        tag("p", "Whoever signs has seen these points:"),
        listed,
        tag("div", tag("table", tag("tbody", *rows), class_="choices"), class_="scroll"),
    )


def open_points(report: GateReport) -> list[str]:
    """All that did not pass, by gate; tasks that a student does not serve; an order of products that was not kept."""
    found = [] if report.accepted else [f"The challenger is rejected: {report.reason}."]
    for gate in ("bypass", "fairness", "skill", "fidelity", "quality", "benefit"):
        for status in ("fail", "unknown", "warn"):
            names = [t.task for t in report.tasks for g in t.gates if g.gate == gate and g.status == status]
            found += [f"{gate} {status}: {', '.join(names)}."] if names else []
    ruled = [task.task for task in report.tasks if task.layer == "rules"]
    found += [f"Served by rules: {', '.join(ruled)}."] if ruled else []
    order = "unknown" if report.ranking is None else report.ranking.status
    found += [f"Product order: {order}."] if order != "pass" else []
    return found
