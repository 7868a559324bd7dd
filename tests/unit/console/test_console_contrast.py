"""Contrast of the pairs of colours that the style sheet sets on each other (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = (files("understudy.console") / "console.css").read_text(encoding="utf-8")
TEXT, GRAPHIC = 4.5, 3.0
ON_PAPER = ("paper", "panel", "sunk")
PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "soft", "link") for ground in ON_PAPER),
    *((kind, f"{kind}-bg", TEXT) for kind in ("good", "warn", "bad", "unknown", "plain")),
    *((kind, ground, TEXT) for kind in ("good", "warn", "bad", "unknown") for ground in ("panel", "sunk")),
    ("on-accent", "accent", TEXT),
    ("on-accent", "danger", TEXT),
    *((ink, ground, TEXT) for ink in ("side-ink", "side-soft") for ground in ("side", "side-here", "side-line")),
    ("link", "plain-bg", TEXT),
    ("ink", "plain-bg", TEXT),
    # borders of fields, focus rings, lines and bars of plots
    *(("soft", ground, GRAPHIC) for ground in ON_PAPER),
    *(("focus", ground, GRAPHIC) for ground in ON_PAPER),
    *((line, "panel", GRAPHIC) for line in ("bar", "against", "warn", "bad")),
    ("bar", "good-bg", GRAPHIC),
    ("bar", "band", GRAPHIC),
]


def colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", text))


LIGHT = colours(STYLE.partition("@media")[0])
DARK = LIGHT | colours(STYLE.partition("@media (prefers-color-scheme: dark)")[2].partition("\n}\n")[0])


def luminance(colour: str) -> float:
    """Relative luminance of sRGB (WCAG 2.2)."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_is_the_standards() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_schemes_name_the_same_colours() -> None:
    dark = colours(STYLE.partition("@media (prefers-color-scheme: dark)")[2].partition("\n}\n")[0])
    assert set(dark) == set(LIGHT)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_pair_can_be_read(scheme: str) -> None:
    palette = LIGHT if scheme == "light" else DARK
    weak = {
        f"{ink} on {ground}": round(contrast(palette[ink], palette[ground]), 2)
        for ink, ground, least in PAIRS
        if contrast(palette[ink], palette[ground]) < least
    }
    assert weak == {}


def test_a_colour_is_named_before_it_is_used() -> None:
    used = set(re.findall(r"var\(--([a-z-]+)\)", STYLE))
    assert used == set(LIGHT)


def test_colours_outside_the_palette_are_those_of_the_side_alone() -> None:
    rules = STYLE.partition("* { box-sizing")[2]
    plain = set(re.findall(r"#[0-9a-f]{3,6}\b", rules))
    assert plain == {"#7fb2dd", "#ffffff", "#506073", "#fff"}
    for palette in (LIGHT, DARK):
        assert contrast("#7fb2dd", palette["side"]) >= GRAPHIC
        assert contrast("#ffffff", palette["side"]) >= GRAPHIC
