"""The profile of a dataset as one HTML page, for the people who know the data: what is odd comes first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from teacher.datasets.profile_figures import histogram_pair
from understudy.page import STATUS_ORDER, Markup, badge, document, section, tag

__all__ = ["profile_page", "remarks"]

_MISSING, _PSI, _SMALL = 0.30, 0.25, 30
_SPLITS = ("train", "valid", "test")


def profile_page(profile: Mapping[str, Any], leakage: Mapping[str, Any]) -> str:
    """The page for ``profile.json`` and ``leakage.json``: self-contained, readable without colour and by ear."""
    said = list(remarks(profile))
    rows = ", ".join(f"{profile['rows'][name]:,} {name}" for name in _SPLITS)
    head = tag(
        "header",
        tag("p", "Data profile", class_="kicker"),
        tag("h1", profile["title"]),
        tag(
            "p", f"{rows} rows · {len(profile['features'])} features · {len(profile['tasks'])} tasks", class_="summary"
        ),
    )
    attention = tag("ul", *(tag("li", badge("warn"), tag("span", text)) for text in said), class_="remarks")
    return document(
        f"Data profile: {profile['title']}",
        [
            head,
            section("attention", "Needs attention", attention if said else tag("p", "Nothing stands out.")),
            section("leakage", "Leakage gate", _scroll(_leakage(leakage))),
            section("tasks", "Tasks", *_tasks(profile["tasks"])),
            section("protected", "Protected groups", *_protected(profile["protected"])),
            section("features", "Features", _legend(), _scroll(_features(profile["features"]))),
        ],
    )


def remarks(profile: Mapping[str, Any]) -> Iterator[str]:
    """What a person should look at, one sentence each."""
    for name, feature in profile["features"].items():
        missing = max(feature["missing"].values())
        if missing > _MISSING:
            yield f"{name}: {100 * missing:.0f} % missing."
        test = feature["drift"]["test"]
        if test["psi"] > max(_PSI, test["psi_chance"]):
            chance = f"chance stays below {test['psi_chance']:.2f}"
            yield f"{name}: moved between training and test, PSI {test['psi']:.2f} ({chance})."
        unseen = feature.get("unseen", {}).get("test", 0)
        if unseen:
            yield f"{name}: {unseen:,} test rows hold a category that no training row holds."
    for name, task in profile["tasks"].items():
        for split, counts in task.get("counts", {}).items():
            for class_name, count in counts.items():
                if count < _SMALL:
                    yield f"Task {name}: class {class_name} has {count} {split} rows; little can be said of it."
    for attribute, groups in profile["protected"].items():
        for group, counts in groups.items():
            if counts["test"] < _SMALL:
                yield f"Protected {attribute}: group {group} has {counts['test']} test rows; fairness will be unknown."


def _scroll(table: Markup) -> Markup:
    return tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="Table")


def _table(head: list[str], rows: Iterator[Markup], class_: str = "plain") -> Markup:
    columns = (tag("th", text, scope="col") for text in head)
    return tag("table", tag("thead", tag("tr", *columns)), tag("tbody", *rows), class_=class_)


def _leakage(leakage: Mapping[str, Any]) -> Markup:
    ordered = sorted(leakage["checks"], key=lambda check: STATUS_ORDER.index(check["status"]))
    rows = (
        tag(
            "tr",
            tag("th", check["name"], tag("small", check["question"]), scope="row"),
            tag("td", badge(check["status"]), tag("small", check["note"]) if check["note"] else None),
            tag("td", *_closest(check["closest"])),
            tag("td", f"{check['measured']:,}", class_="number"),
        )
        for check in ordered
    )
    return _table(["Check", "Outcome", "Nearest to its bound", "Measured"], rows)


def _closest(found: Mapping[str, Any] | None) -> Iterator[Markup | str]:
    if found is None:
        yield "—"
        return
    columns = ", ".join(found["columns"][:3]) + (" …" if len(found["columns"]) > 3 else "")
    yield f"{found['measure']} {found['value']:.3g}, bound {found['bound']:g}"
    yield tag("small", f"{columns}{' · ' + found['task'] if found['task'] else ''}")


def _tasks(tasks: Mapping[str, Any]) -> Iterator[Markup]:
    for name, task in tasks.items():
        known = ", ".join(f"{task['known'][split]:,} {split}" for split in _SPLITS)
        yield tag("h3", name)
        yield tag("p", f"{task['type']}; known labels: {known}. {_ceiling(task)}", class_="summary")
        yield _scroll(_numbers(task) if task["type"] == "regression" else _rates(task))


def _ceiling(task: Mapping[str, Any]) -> str:
    if "ceiling" not in task:
        return "The ceiling is not known: this is no generated data."
    metric = next(iter(task["ceiling"]["test"]))
    values = {split: scores[metric] for split, scores in task["ceiling"].items()}
    said = ", ".join(f"{'—' if value is None else format(value, '.4f')} {split}" for split, value in values.items())
    truth = "mean" if task["type"] == "regression" else "probability"
    return f"Ceiling ({metric} of the true {truth}): {said}."


def _rates(task: Mapping[str, Any]) -> Markup:
    def cell(split: str, name: str) -> Markup:
        low, high = task["intervals"][split][name]
        interval = tag("span", f"{100 * low:.2f} – {100 * high:.2f}", class_="range")
        return tag("td", f"{100 * task['rates'][split][name]:.2f} % ", interval, class_="number")

    rows = (
        tag("tr", tag("th", name, scope="row"), *(cell(split, name) for split in _SPLITS))
        for name in task["rates"]["train"]
    )
    return _table(["Class", *(f"{split}, share and 95 % interval" for split in _SPLITS)], rows)


def _numbers(task: Mapping[str, Any]) -> Markup:
    def cell(value: float | None) -> Markup:
        return tag("td", "—" if value is None else f"{value:.4g}", class_="number")

    rows = (
        tag("tr", tag("th", title, scope="row"), *(cell(task[key][split]) for split in _SPLITS))
        for key, title in (("mean", "mean"), ("std", "standard deviation"))
    )
    return _table(["", *_SPLITS], rows)


def _protected(protected: Mapping[str, Any]) -> Iterator[Markup]:
    if not protected:
        yield tag("p", "The spec names no protected attribute: fairness cannot be measured.")
    for attribute, groups in protected.items():
        rows = (
            tag(
                "tr",
                tag("th", group, scope="row"),
                *(tag("td", f"{counts[split]:,}", class_="number") for split in _SPLITS),
                tag("td", badge("warn") if counts["test"] < _SMALL else badge("pass")),
            )
            for group, counts in groups.items()
        )
        yield tag("h3", attribute)
        yield _scroll(_table(["Group", *_SPLITS, f"{_SMALL} test rows"], rows))


def _legend() -> Markup:
    return tag(
        "p",
        "Shares per bin: bars are training rows, the line is test rows; the first bin is missing values. PSI and KS "
        "compare with the training rows; in brackets, what they stay below in 95 of 100 draws without drift. "
        "Associations are of training rows, with their standard error.",
    )


def _features(features: Mapping[str, Any]) -> Markup:
    head = ["Feature", "Shares per bin", "Missing in train, valid, test", "Drift to test", "Goes most with"]
    return _table(head, (_feature(name, feature) for name, feature in features.items()), "plain features")


def _feature(name: str, feature: Mapping[str, Any]) -> Markup:
    marks = feature.get("train")
    what = f"{feature['categories']} categories" if feature["kind"] == "categorical" else "number"
    values = f"{marks['min']:.4g} – {marks['max']:.4g}, median {marks['median']:.4g}" if marks else None
    test, link = feature["drift"]["test"], feature["association"]
    shares = " / ".join(f"{100 * feature['missing'][split]:.1f}" for split in _SPLITS)
    return tag(
        "tr",
        tag(
            "th",
            name,
            tag("small", f"{feature['group']} · {feature['tier']} · {what}"),
            tag("small", values) if values else None,
            scope="row",
        ),
        tag("td", histogram_pair(feature["histogram"]["train"], feature["histogram"]["test"], name)),
        tag("td", f"{shares} %", class_="number"),
        tag(
            "td",
            f"PSI {test['psi']:.3f} ({test['psi_chance']:.3f})",
            tag("small", f"KS {test['ks']:.3f} ({test['ks_chance']:.3f})"),
            class_="number",
        ),
        tag("td", *_association(link)),
    )


def _association(link: Mapping[str, Any] | None) -> Iterator[Markup | str]:
    if link is None:
        yield "—"
        return
    sign = "+" if link["measure"] == "rank correlation" else ""
    yield f"{link['task']} {link['value']:{sign}.3f}"
    detail = f", {link['detail']}" if link["detail"] else ""
    yield tag("small", f"{link['measure']} ± {link['error']:.3f}{detail}")
