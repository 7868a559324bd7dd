"""Load the shipped templates; refuse templates and phrases that could not be filled, and numbers in templates."""

from __future__ import annotations

from pathlib import Path

import understudy
from agents.reason_generator.disclosure import FRAGMENTS
from agents.reason_generator.fill import literal_numbers, slots_in
from understudy.contracts._model import read_toml
from understudy.contracts.reasons import FactDef, Glossary, Template, TemplateSet
from understudy.errors import UserError

__all__ = ["check_glossary", "check_templates", "load_templates"]


def load_templates(path: Path | None = None) -> TemplateSet:
    """Read a template set; without ``path`` the one that ships with the package.

    Raises:
        UserError: the file is missing or unusable.
    """
    templates = read_toml(TemplateSet, path or Path(understudy.__file__).parent / "resources" / "templates.toml")
    check_templates(templates)
    return templates


def check_templates(templates: TemplateSet) -> None:
    """Refuse templates with a wrong, missing or literal value, and a set without a last resort.

    Raises:
        UserError: naming the template.
    """
    for template in templates.templates:
        _check_template(template)
    for channel in ("branch", "app"):
        if not any(t.facts == 0 and t.channel == channel and t.family is None for t in templates.templates):
            raise UserError(
                "no default template without facts", where=f"channel {channel}", fix="Add one with facts = 0."
            )
    _check_disclosures(templates)


def _check_template(template: Template) -> None:
    wanted = {"product"} | {f"fact{number}" for number in range(1, template.facts + 1)}
    for text in (template.text.ko, template.text.en):
        slots = slots_in(text)
        if slots != wanted:
            what = f"a template for {template.facts} facts needs the slots {sorted(wanted)}, not {sorted(slots)}"
            raise UserError(what, where=text, fix="Name each slot once.")
        _refuse_digits(text)


def _check_disclosures(templates: TemplateSet) -> None:
    sentences = {
        "rate": ("rate_single", "rate_range"),
        "loan_rate": ("loan_rate_single", "loan_rate_range"),
        "protection": ("protected", "not_protected"),
        "insurance_protection": ("insurance_protected", "not_protected"),
    }
    for fragments in FRAGMENTS.values():
        for fragment in (entry.removesuffix("?") for entry in fragments):
            for key in sentences.get(fragment, (fragment,)):
                if key not in templates.disclosures:
                    raise UserError(f"disclosure {key!r} is missing", fix="Add it to [disclosures].")
    for text in templates.disclosures.values():
        for sentence in (text.ko, text.en):
            slots_in(sentence)
            _refuse_digits(sentence)


def check_glossary(glossary: Glossary) -> None:
    """Refuse a phrase with a slot other than ``{value}``.

    Raises:
        UserError: naming the fact.
    """
    for fact in glossary.facts:
        _check_fact(fact)


def _check_fact(fact: FactDef) -> None:
    for phrase in (fact.phrase.ko, fact.phrase.en):
        extra = slots_in(phrase) - {"value"}
        if extra:
            raise UserError(f"unknown slot {sorted(extra)}", where=f"fact {fact.key}", fix="Only {value} exists.")


def _refuse_digits(text: str) -> None:
    if literal_numbers(text):
        raise UserError("a number outside a slot", where=text, fix="Numbers come from slots: they must be traceable.")
