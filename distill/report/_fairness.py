"""Fairness: the worst group of every task, then every group."""

from __future__ import annotations

from collections.abc import Sequence

from distill.report._groups import METRICS, GroupMeasure, by_group, group_measures
from distill.report._words import STATUS_ORDER, badge, interval, number, spoken, task_link
from understudy.contracts.gates import GateConfig, GateReport, GateResult
from understudy.page.markup import Markup, join, tag

__all__ = ["fairness_section"]

TaskGate = tuple[str, GateResult]


def fairness_section(report: GateReport) -> Markup:
    """Per task the group that strains each bound most; then all groups. Values outside their bound are marked."""
    found = [(task.task, gate) for task in report.tasks for gate in task.gates if gate.gate == "fairness"]
    if not any(gate.measures for _, gate in found):
        said = "; ".join(sorted({gate.reason for _, gate in found})) or "no fairness gate was run"
        return tag("p", badge("unknown"), f" Fairness was not measured: {said}. Unknown is no pass.")
    found.sort(key=lambda item: STATUS_ORDER.index(item[1].status))
    return join(
        tag("p", *_explained(report.config)),
        tag("h3", "The group that strains each bound most"),
        tag("div", _worst_table(found, report.config), class_="scroll"),
        tag("h3", "Every group"),
        tag("div", _group_table(found, report.config), class_="scroll"),
    )


def _explained(config: GateConfig) -> Sequence[str]:
    return (
        "Each group is compared with all others of its attribute. Bounds: KL ratio (the student's divergence from the "
        f"teacher in the group, over that of all rows) up to {config.fairness_kl_ratio:g}; disparate impact (ratio of "
        f"selection rates) {config.fairness_di:g} to {1 / config.fairness_di:g}; statistical parity difference up to "
        f"{config.fairness_spd:g}; equal opportunity difference up to {config.fairness_eod:g}. Groups under "
        f"{config.fairness_min_rows} test rows are not judged. ",
        _mark(),
        " stands before a value outside its bound.",
    )


def _mark() -> Markup:
    return tag("span", "▲", class_="outside", role="img", aria_label="outside its bound")


def _worst_table(found: Sequence[TaskGate], config: GateConfig) -> Markup:
    head = ("Task", "Outcome", *METRICS.values(), "Reason")
    rows = []
    for task, gate in found:
        measures = group_measures(gate)
        cells = (_worst([m for m in measures if m.metric == metric], config) for metric in METRICS)
        rows.append(
            tag(
                "tr",
                tag("th", task_link(task), scope="row"),
                tag("td", badge(gate.status), data_label="Outcome"),
                *(tag("td", cell, data_label=title) for cell, title in zip(cells, METRICS.values(), strict=True)),
                tag("td", spoken(gate.reason, [gate]), class_="why", data_label="Reason"),
            )
        )
    return tag("table", _head(head), tag("tbody", *rows), class_="cards worst")


def _worst(measures: Sequence[GroupMeasure], config: GateConfig) -> Markup:
    if not measures:
        return tag("span", "—")
    worst = max(measures, key=lambda m: m.strain(config))
    return join(_value(worst, config), tag("small", f"{worst.attribute}: {worst.group}"))


def _value(found: GroupMeasure, config: GateConfig) -> Markup:
    outside = found.strain(config) > 1
    return tag("span", _mark() if outside else None, number(found.measure.value), class_="value")


def _group_table(found: Sequence[TaskGate], config: GateConfig) -> Markup:
    head = ("Group", "Test rows", *METRICS.values())
    return tag("table", _head(head), *(_group_rows(task, gate, config) for task, gate in found), class_="groups")


def _head(titles: Sequence[str]) -> Markup:
    return tag("thead", tag("tr", *(tag("th", title, scope="col") for title in titles)))


def _group_rows(task: str, gate: GateResult, config: GateConfig) -> Markup:
    table = by_group(group_measures(gate))
    title = tag("th", task_link(task), " ", badge(gate.status), colspan=2 + len(METRICS), scope="rowgroup")
    rows = [tag("tr", title, class_="title")]
    for (attribute, group), metrics in table.items():
        most = max(m.measure.rows for m in metrics.values())
        cells = (tag("td", _cell(metrics.get(metric), config), class_="number") for metric in METRICS)
        rows.append(
            tag(
                "tr",
                tag("td", f"{attribute}: {group}"),
                tag("td", f"{most:,}", class_="number"),
                *cells,
            )
        )
    return tag("tbody", *rows)


def _cell(found: GroupMeasure | None, config: GateConfig) -> Markup:
    if found is None:
        return tag("span", "—")
    note = tag("small", found.measure.note) if found.strain(config) > 1 and found.measure.note else None
    mark = _mark() if found.strain(config) > 1 else None
    return join(mark, interval(found.measure), note)
