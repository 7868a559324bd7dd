"""The catalogs and glossaries that ship: clean, sayable, and every reason about them deliverable."""

from __future__ import annotations

from itertools import product as every
from pathlib import Path
from typing import Any

import pytest

from agents.feature_selector import Selection
from agents.reason_generator import ReasonGenerator, load_templates
from agents.safety_gate import SafetyGate, load_rules, screen_catalog, screen_glossary
from understudy.contracts._model import read_toml
from understudy.contracts.catalog import Catalog
from understudy.contracts.reasons import Fact, FactDef, Glossary

SPECS = sorted(path.parent for path in (Path(__file__).parents[2] / "teacher" / "specs").glob("*/catalog.toml"))
VALUES: dict[str | None, list[float | str | None]] = {
    None: [None],
    "count": [1, 2, 1234],
    "money": [980.0, 12_345_678.0],
    "percent": [0.35, 0.012],
    "number": [1.5, 0.03],
    "months": [1, 7.5],
    "years": [1, 12],
}


@pytest.fixture(scope="module")
def gate() -> SafetyGate:
    return SafetyGate(load_rules())


def glossary_of(folder: Path) -> Glossary:
    path = folder / "glossary.toml"
    return read_toml(Glossary, path) if path.exists() else Glossary(schema_version=1, facts=[])


def facts_of(definition: FactDef) -> list[Fact]:
    values = list(definition.categories) if definition.slot == "category" else VALUES[definition.slot]
    return [
        Fact(key=definition.key, direction="for", share=0.1, slot=definition.slot, value=value, features={})
        for value in values
    ]


def test_there_are_catalogs_to_check() -> None:
    assert len(SPECS) >= 3


@pytest.mark.parametrize("folder", SPECS, ids=lambda folder: folder.name)
def test_catalog_and_glossary_are_clean(folder: Path, gate: SafetyGate) -> None:
    assert screen_catalog(read_toml(Catalog, folder / "catalog.toml"), gate) == []
    assert screen_glossary(glossary_of(folder), gate) == []


@pytest.mark.parametrize("folder", SPECS, ids=lambda folder: folder.name)
def test_every_reason_about_it_is_delivered(folder: Path, gate: SafetyGate) -> None:
    glossary = glossary_of(folder)
    generator = ReasonGenerator(load_templates(), glossary)
    said = [fact for definition in glossary.facts if not definition.sensitive for fact in facts_of(definition)]
    catalog = read_toml(Catalog, folder / "catalog.toml")
    for number, (item, locale, channel) in enumerate(every(catalog.products, ("ko", "en"), ("branch", "app"))):
        for start in range(number % 4, len(said) + 1, 4):
            _deliver(gate, generator, Selection(tuple(said[start : start + 3]), ""), item, locale, channel)
        _deliver(gate, generator, Selection((), ""), item, locale, channel)


def _deliver(gate: SafetyGate, generator: ReasonGenerator, selection: Selection, item: Any, *how: Any) -> None:
    reason = generator.reason(selection, item, *how)
    assert reason.source == "template", (item.id, reason.note)
    verdict = gate.check(
        reason.text,
        product=item,
        facts=reason.facts,
        locale=how[0],
        disclosure=reason.disclosure,
        risk_cap=5,
        origin="template",
    )
    assert verdict.findings == [], (item.id, reason.text, reason.disclosure)
