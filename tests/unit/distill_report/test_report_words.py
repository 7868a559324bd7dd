from __future__ import annotations

import pytest

from distill.report._groups import by_group, group_measures
from distill.report._words import metric_title, number, spoken, worst
from understudy.contracts.gates import GateConfig, GateResult, Measure
from understudy.page.frame import nice_ticks
from understudy.page.markup import Markup, join, tag


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "—"),
        (0.0, "0.000"),
        (0.8449, "0.845"),
        (-0.25, "-0.250"),
        (0.0042, "0.0042"),
        (-0.00001, "0.0000"),
        (12.34, "12.3"),
        (12845.2, "12,845"),
    ],
)
def test_numbers_keep_what_a_reader_needs(value: float | None, said: str) -> None:
    assert number(value) == said


def test_metric_names_are_said_as_in_print() -> None:
    assert metric_title("macro_f1_drop") == "macro F1 drop"
    assert metric_title("r2") == "R²"


def gate(*names: str, value: float | None = 0.5) -> GateResult:
    measures = [Measure(name=name, value=value, rows=40) for name in names]
    return GateResult(gate="fairness", status="pass", measures=measures, threshold="t", reason="r")


def test_spoken_replaces_whole_names_only() -> None:
    text = "teacher_auc 0.5 and auc 0.4; authority; di[age=30-44] and di[age=30-44 ]"
    said = spoken(text, [gate("auc", "teacher_auc", "di[age=30-44]")])
    assert said == "teacher AUC 0.5 and AUC 0.4; authority; disparate impact of age=30-44 and di[age=30-44 ]"
    assert spoken(text, [gate()]) == text


def test_worst_status_wins_and_none_is_unknown() -> None:
    assert worst(["pass", "warn", "fail"]) == "fail"
    assert worst(["pass", "unknown"]) == "unknown"
    assert worst([]) == "unknown"


@pytest.mark.parametrize(
    ("name", "value", "outside"),
    [
        ("kl_ratio[g=a]", 2.01, True),
        ("kl_ratio[g=a]", 1.99, False),
        ("di[g=a]", 0.79, True),
        ("di[g=a]", 1.26, True),
        ("di[g=a]", 0.81, False),
        ("di[g=a]", 0.0, True),
        ("spd[g=a]", -0.11, True),
        ("spd[g=a]", -0.09, False),
        ("eod[g=a]", 0.11, True),
        ("eod[g=a]", None, False),
    ],
)
def test_strain_is_above_one_outside_the_bound(name: str, value: float | None, outside: bool) -> None:
    (found,) = group_measures(gate(name, value=value))
    assert (found.strain(GateConfig()) > 1) is outside


def test_groups_are_read_from_the_names() -> None:
    table = by_group(group_measures(gate("di[age=[30, 45)]", "eod[age=[30, 45)]", "kl", "other[x=y]")))
    assert list(table) == [("age", "[30, 45)")]
    assert set(table["age", "[30, 45)"]) == {"di", "eod"}


def test_text_is_escaped_and_markup_is_kept() -> None:
    assert tag("p", "<b>", tag("i", "x"), title='"&') == '<p title="&quot;&amp;">&lt;b&gt;<i>x</i></p>'
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'
    assert join("a", None, Markup("<br>")) == "a<br>"


def test_attribute_names_and_numbers() -> None:
    assert (
        tag("line", x1=1.50001, stroke_width=2, class_="g", y1=None)
        == '<line x1="1.5" stroke-width="2" class="g"></line>'
    )


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.1, 0.34, [0.1, 0.15, 0.2, 0.25, 0.3]), (3, 3, [3])],
)
def test_ticks_are_round_and_inside(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == ticks
