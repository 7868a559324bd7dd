"""Screen the free text of a catalog, a glossary and templates before a bundle is built or loaded."""

from __future__ import annotations

from collections.abc import Iterator

from agents.safety_gate.findings import Finding
from agents.safety_gate.gate import SafetyGate
from understudy.contracts._model import Text
from understudy.contracts.catalog import Catalog
from understudy.contracts.reasons import Glossary
from understudy.errors import UserError

__all__ = ["refuse_unsafe", "screen_catalog", "screen_glossary"]


def refuse_unsafe(catalog: Catalog, glossary: Glossary, gate: SafetyGate) -> None:
    """Refuse a catalog or glossary whose free text the gate would not let out.

    Raises:
        UserError: (exit code 4) naming each field and what is wrong with it; the words themselves are not repeated.
    """
    findings = screen_catalog(catalog, gate) + screen_glossary(glossary, gate)
    if findings:
        what = "; ".join(f"{finding.where}: {finding.message}" for finding in findings)
        raise UserError(what, where="catalog or glossary", fix="Reword the named fields.", exit_code=4)


def screen_catalog(catalog: Catalog, gate: SafetyGate) -> list[Finding]:
    """Findings in names, sellers, terms and family titles; ``where`` is the field's path."""
    return [finding for path, text in _catalog_texts(catalog) for finding in _both(gate, text, path)]


def screen_glossary(glossary: Glossary, gate: SafetyGate) -> list[Finding]:
    """Findings in the phrases and category names of facts that may be told."""
    findings = []
    for fact in glossary.facts:
        if not fact.sensitive:
            findings += _both(gate, fact.phrase, f"facts.{fact.key}.phrase")
            for category, text in fact.categories.items():
                findings += _both(gate, text, f"facts.{fact.key}.categories.{category}")
    return findings


def _catalog_texts(catalog: Catalog) -> Iterator[tuple[str, Text]]:
    for family, title in catalog.families.items():
        yield f"families.{family}", title
    for product in catalog.products:
        terms = product.terms
        fields = {
            "name": product.name,
            "seller": product.seller,
            "terms.rate_basis": terms.rate_basis,
            "terms.preferential_condition": terms.preferential_condition,
            "terms.eligibility": terms.eligibility,
        }
        for field, text in fields.items():
            if text is not None:
                yield f"products.{product.id}.{field}", text


def _both(gate: SafetyGate, text: Text, path: str) -> list[Finding]:
    return gate.screen(text.ko, f"{path}.ko") + gate.screen(text.en, f"{path}.en")
