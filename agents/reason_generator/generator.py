"""The sentence that explains a recommendation, from a template and the facts chosen for the customer."""

from __future__ import annotations

from typing import Literal

from agents.feature_selector import Selection
from agents.feature_selector.signature import signature
from agents.reason_generator.disclosure import Disclosure, disclose
from agents.reason_generator.fill import fill, literal_numbers
from agents.reason_generator.sentences import malformed
from agents.reason_generator.templates import check_glossary, check_templates
from agents.slots import render
from understudy.contracts._model import Locale
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Fact, Glossary, Reason, Template, TemplateSet

__all__ = ["Channel", "ReasonGenerator"]

Channel = Literal["branch", "app"]


class ReasonGenerator:
    """Fills the template of (number of facts, channel, and product family, else product type, else any).

    Raises:
        UserError: a template or a fact's phrase could not be filled, or a template holds a number of its own.
    """

    def __init__(self, templates: TemplateSet, glossary: Glossary) -> None:
        check_templates(templates)
        check_glossary(glossary)
        self._texts = templates.disclosures
        self._disclosed: dict[tuple[str, Locale], tuple[Product, Disclosure]] = {}
        self._phrases = {fact.key: fact for fact in glossary.facts}
        self._templates: dict[tuple[int, str, str | None], Template] = {}
        for template in templates.templates:
            self._templates.setdefault((template.facts, template.channel, template.family), template)

    def reason(
        self, selection: Selection, product: Product, locale: Locale, channel: Channel, sentence: str | None = None
    ) -> Reason:
        """Explain ``product``: with ``sentence`` (a well-formed one, with a slot for each fact of ``selection`` in the
        order of its `unordered` signature), or, where there is none or a fact cannot be said, with a template.

        Facts beyond the third, and facts that cannot be said, are left out of a template. A product that lacks a term
        which its type must disclose gets no text: ``source`` is then "none" and ``note`` names the missing terms.
        """
        disclosure = self._disclosure(product, locale)
        if disclosure.missing:
            note = f"terms missing: {', '.join(disclosure.missing)}"
            return Reason(locale=locale, text="", source="none", signature=selection.signature, note=note)
        said = [(fact, phrase) for fact in selection.facts if (phrase := self._phrase(fact, locale)) is not None][:3]
        source: Literal["template", "llm"] = "llm"
        slots = sorted(said, key=lambda pair: signature(pair[:1]))
        if sentence is None or len(said) < len(selection.facts) or malformed(sentence, len(said), locale):
            template, said = self._template(said, channel, product)
            slots = said
            sentence, source = template.text[locale], "template"
        values = {f"fact{number}": phrase for number, (_, phrase) in enumerate(slots, start=1)}
        return Reason(
            locale=locale,
            text=fill(sentence, {"product": product.name[locale]} | values),
            disclosure=disclosure.text,
            source=source,
            facts=[self._with_literals(fact, locale) for fact, _ in said],
            signature=selection.signature,
            note=selection.note,
        )

    def _disclosure(self, product: Product, locale: Locale) -> Disclosure:
        """The disclosure of a product, rendered once: it says nothing about a customer."""
        known, disclosure = self._disclosed.get((product.id, locale), (None, None))
        if disclosure is None or known is not product:
            disclosure = disclose(product, self._texts, locale)
            self._disclosed[product.id, locale] = product, disclosure
        return disclosure

    def _phrase(self, fact: Fact, locale: Locale) -> str | None:
        definition = self._phrases.get(fact.key)
        if definition is None:
            return None
        if fact.slot is None:
            return fill(definition.phrase[locale], {}) if "{" not in definition.phrase[locale] else None
        value = render(fact.slot, fact.value, locale, definition.categories)
        return None if value is None else fill(definition.phrase[locale], {"value": value})

    def _with_literals(self, fact: Fact, locale: Locale) -> Fact:
        # "Over the last 3 months" is part of what the fact means; the gate must be able to trace it.
        return fact.model_copy(update={"literals": literal_numbers(self._phrases[fact.key].phrase[locale])})

    def _template(
        self, said: list[tuple[Fact, str]], channel: Channel, product: Product
    ) -> tuple[Template, list[tuple[Fact, str]]]:
        """The most particular template for as many facts as there is one for."""
        for count in range(len(said), -1, -1):
            for wanted in (product.family, product.type, None):
                template = self._templates.get((count, channel, wanted))
                if template is not None:
                    return template, said[:count]
        raise AssertionError("check_templates guarantees a default template without facts per channel")
