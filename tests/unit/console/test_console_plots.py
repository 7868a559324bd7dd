"""Pictures: gaps stay gaps, names are text, and the table has every number."""

from __future__ import annotations

import re

from understudy.console.plots import Bar, Level, Span, Spot, bars, forest, series
from understudy.console.words import Words

WORDS = Words("en")
COLUMNS = ("Name", "Value")


def spots(*values: float | None) -> list[Spot]:
    return [Spot(f"2026-10-{at:02}", value) for at, value in enumerate(values, start=1)]


def test_a_day_without_a_value_breaks_the_line_and_is_counted() -> None:
    found = series("s", "Drift", spots(0.1, 0.2, None, 0.3, 0.4), WORDS)
    assert found.count("<polyline") == 2
    assert found.count("<circle") == 4
    assert "1 days without a value." in found
    assert '<td data-label="Value"><div>—</div></td>' in found


def test_nothing_known_is_said() -> None:
    found = series("s", "Drift", spots(None, None), WORDS)
    assert "No value is known on any of these days." in found
    assert "<circle" not in found


def test_one_day_and_equal_values_are_drawn() -> None:
    assert series("s", "Drift", spots(0.5), WORDS).count("<circle") == 1
    assert series("s", "Drift", spots(0.0, 0.0), WORDS).count("<polyline") == 1


def test_thresholds_are_in_sight_even_far_away() -> None:
    found = series("s", "Drift", spots(0.001, 0.002), WORDS, levels=(Level(0.25, "bad"),))
    (y,) = re.findall(r'y1="([\d.]+)"[^>]*class="level bad"', found)
    assert 0 < float(y) < 168


def test_negative_bars_go_the_other_way() -> None:
    found = bars("b", "Why", [Bar("up", 2.0), Bar("down", -1.0)], WORDS, columns=COLUMNS)
    boxes = {kind: (float(x), float(width)) for x, width, kind in re.findall(
        r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="[\d.]+" class="bar (\w+)"', found
    )}  # fmt: skip
    assert boxes["against"][0] + boxes["against"][1] == boxes["plain"][0]
    assert "-1" in found


def test_a_bar_over_a_threshold_says_so() -> None:
    levels = (Level(0.1, "warn"), Level(0.25, "bad"))
    found = bars("b", "PSI", [Bar("a", 0.3), Bar("b", 0.1), Bar("c", 0.05)], WORDS, levels=levels, columns=COLUMNS)
    assert re.findall(r'class="bar (\w+)"', found) == ["bad", "warn", "plain"]


def test_names_are_text_and_long_ones_are_whole_in_the_table() -> None:
    name = "<b>" + "x" * 60
    found = bars("b", "PSI", [Bar(name, 0.3)], WORDS, columns=COLUMNS)
    assert "<b>x" not in found
    assert "&lt;b&gt;" + "x" * 60 in found
    assert "x…" in found


def test_groups_outside_are_named_and_the_farthest_are_drawn() -> None:
    groups = [Span(f"g{at}", 1.0 + at / 1000, 0.9, 1.1, 50) for at in range(40)] + [Span("odd", 0.5, 0.4, 0.6, 31)]
    columns = ("Group", "Value", "Interval", "Rows", "Off")
    found = forest("f", "Impact", groups, WORDS, zone=(0.8, 1.25), columns=columns)
    assert "Outside the range: odd. The 16 farthest of 41 are drawn." in found
    assert found.count("<circle") == 16
    assert found.count("<tr>") == 42


def test_a_group_that_was_off_from_the_start_looks_different() -> None:
    groups = [Span("old", 0.5, 0.4, 0.6, 90, known=True), Span("new", 0.5, 0.4, 0.6, 90)]
    found = forest("f", "Impact", groups, WORDS, zone=(0.8, 1.25), columns=("G", "V", "I", "N", "O"))
    assert 'class="spot known"' in found
    assert 'class="spot bad"' in found
    assert "since the model was accepted" in found


def test_a_group_without_a_value_is_a_question_mark() -> None:
    found = forest(
        "f", "Impact", [Span("few", None, None, None, 3)], WORDS, zone=(0.8, 1.25), columns=("G", "V", "I", "N", "O")
    )
    assert ">?</text>" in found


def test_a_wild_value_stands_at_the_edge_and_leaves_the_zone_in_sight() -> None:
    groups = [Span("odd", 9e5, 2.0, 1e6, 31), Span("plain", 1.0, 0.9, 1.1, 50)]
    found = forest("f", "Impact", groups, WORDS, zone=(0.8, 1.25), columns=("G", "V", "I", "N", "O"))
    (width,) = re.findall(r'<rect [^>]*width="([\d.]+)"[^>]*class="zone"', found)
    assert float(width) > 60
    assert all(0 <= float(cx) <= 380 for cx in re.findall(r'cx="([\d.]+)"', found))
    assert ">900,000</text>" in found


def test_a_wild_interval_leaves_the_values_in_sight() -> None:
    wild = [Spot("2026-10-01", 1.0, 0.9, 1e6), Spot("2026-10-02", 1.2, 1.1, 1.3), Spot("2026-10-03", 0.8, 0.7, 0.9)]
    heights = [float(y) for y in re.findall(r'cy="([\d.]+)"', series("s", "Impact", wild, WORDS))]
    assert max(heights) - min(heights) > 30


def test_of_ratios_a_hundredth_is_as_far_as_a_hundred() -> None:
    groups = [Span(f"g{at}", 2.0, 1.9, 2.1, 50) for at in range(30)] + [Span("few", 0.01, 0.0, 0.1, 50)]
    found = forest("f", "Impact", groups, WORDS, zone=(0.8, 1.25), columns=("G", "V", "I", "N", "O"))
    assert ">few</text>" in found
