"""The data behind the report: sizes, disjoint splits, who labelled what, thresholds, the leakage gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from distill.report._facts import DatasetFacts, LeakageCheck, LeakageFacts, ReportDocument, SoftLabelFacts
from distill.report._words import STATUS_ORDER, badge, number
from understudy.contracts.gates import GateConfig
from understudy.page.markup import Markup, join, tag

__all__ = ["data_section", "disjointness", "labelling", "leakage_line", "summary_line", "thresholds"]


def summary_line(facts: DatasetFacts) -> Markup:
    """The data in one line, for the top of the page."""
    rows = f"{facts.rows['train']:,} training, {facts.rows['valid']:,} validation and {facts.rows['test']:,} test rows"
    parts = f"{rows} · {sum(facts.features.values())} features · seed {facts.seed} · data "
    return tag("p", parts, tag("code", facts.fingerprint[:12]), class_="summary")


def disjointness(facts: DatasetFacts) -> str:
    """What was counted about overlaps between the splits."""
    total = sum(facts.rows.values())
    rows = (
        f"None of the {total:,} row ids occurs in more than one split"
        if not facts.shared_rows
        else f"{facts.shared_rows:,} row ids occur in more than one split: the test is not held out"
    )
    customers = (
        "and no customer does"
        if not facts.shared_customers
        else f"and {facts.shared_customers:,} customers occur in more than one"
    )
    return f"{rows}, {customers}."


def labelling(facts: SoftLabelFacts) -> str:
    """Which teacher labelled which rows."""
    return (
        f"{facts.folds} teachers. {facts.out_of_fold:,} of {facts.training_rows:,} training rows were labelled by the "
        f"teacher that had not seen them; {facts.mean_of_all:,} validation and test rows by the mean of all teachers."
    )


def data_section(document: ReportDocument) -> Markup:
    """The facts as a list, the rows per split and task, the thresholds."""
    facts = document.dataset
    tiers = ", ".join(f"{count} {tier}" for tier, count in facts.features.items())
    structure = [*facts.sequences, *facts.distributions]
    items = {
        "Data set": facts.title,
        "Description": facts.description,
        "Fingerprint": tag("code", facts.fingerprint, class_="hash"),
        "Seed": str(facts.seed),
        "Splits": disjointness(facts),
        "Features": f"{tiers}. The students read these alone.",
        "Raw structure": f"{', '.join(structure)}: read by the teacher only." if structure else None,
        "Soft labels": labelling(document.soft_labels),
        "Protected": "; ".join(f"{name}: {', '.join(groups)}" for name, groups in facts.protected.items())
        or "none named",
        "Leakage gate": leakage_line(document.leakage),
    }
    return join(
        _list(items),
        leakage_table(document.leakage) if document.leakage else None,
        tag("div", _label_table(facts), class_="scroll"),
    )


def leakage_line(leakage: LeakageFacts | None) -> str:
    """The leakage gate's outcome in one sentence."""
    if leakage is None:
        return "Not recorded (unknown)."
    counts: Counter[str] = Counter(check.status for check in leakage.checks)
    said = ", ".join(f"{counts[status]} {status}" for status in STATUS_ORDER if counts[status])
    return f"{'Passed' if leakage.passed else 'Failed'}: {len(leakage.checks)} checks ({said})."


def leakage_table(leakage: LeakageFacts) -> Markup:
    """Every check, and the measurement that came nearest to its bound."""
    head = [tag("th", text, scope="col") for text in ("Leakage check", "Outcome", "Nearest to its bound", "Measured")]
    ordered = sorted(leakage.checks, key=lambda check: STATUS_ORDER.index(check.status))
    return tag(
        "table",
        tag("thead", tag("tr", *head)),
        tag("tbody", *(_leakage_row(check) for check in ordered)),
        class_="cards",
    )


def _leakage_row(check: LeakageCheck) -> Markup:
    near = check.closest
    said = f"{near.measure} {number(near.value)}, bound {number(near.bound)}" if near else "—"
    return tag(
        "tr",
        tag("th", check.name, tag("small", check.question), scope="row"),
        tag("td", badge(check.status), tag("small", check.note) if check.note else None, data_label="Outcome"),
        tag("td", said, tag("small", near.task) if near and near.task else None, data_label="Nearest"),
        tag("td", f"{check.measured:,}", class_="number", data_label="Measured"),
    )


def _label_table(facts: DatasetFacts) -> Markup:
    splits = list(facts.rows)
    head = [tag("th", "Rows", scope="col"), *(tag("th", split, scope="col") for split in splits)]
    rows = [("all", facts.rows), *((f"{task}: known label", known) for task, known in facts.known_labels.items())]
    body = (
        tag("tr", tag("th", name, scope="row"), *(tag("td", f"{counts[s]:,}", class_="number") for s in splits))
        for name, counts in rows
    )
    return tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body), class_="plain")


def thresholds(config: GateConfig) -> Markup:
    """Every threshold that the gates used, as configured."""
    return _list({name.replace("_", " "): str(value) for name, value in config.model_dump().items()}, "thresholds")


def _list(items: Mapping[str, str | None], class_: str = "facts") -> Markup:
    rows = (tag("div", tag("dt", name), tag("dd", value)) for name, value in items.items() if value)
    return tag("dl", *rows, class_=class_)
