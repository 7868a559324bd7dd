"""The Safety Gate: nothing is delivered that breaks a rule, states an untraceable number or contradicts the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from agents.safety_gate import checks
from agents.safety_gate.denial import denied
from agents.safety_gate.findings import Criterion, Finding, Verdict, span_hash
from agents.safety_gate.grounding import Quantity, fact_quantities, product_quantities, ungrounded
from agents.safety_gate.matcher import Breach, Matcher
from agents.safety_gate.normalise import Normalised, normalise
from agents.safety_gate.reader import Reading, open_reader
from agents.safety_gate.rule import Rule, RuleFile
from agents.safety_gate.rulebook import SafetyRules
from agents.safety_gate.stated import stated
from understudy.contracts._model import Locale
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Fact
from understudy.errors import UserError

__all__ = ["DENIABLE", "Origin", "SafetyGate"]

KNOWN_FRAMES, KNOWN_TEXTS = 512, 2048
DENIABLE = ("regulatory", "factuality")
Origin = Literal["template", "written"]
# Where a clause of the reader belongs to another criterion than the law's.
_CRITERIA: dict[str, Criterion] = {"tone": "tone", "injection": "security"}


class SafetyGate:
    """Deterministic checks of one text against rules, the customer's facts and the product.

    Raises:
        UserError: ``rules`` is empty: a gate without rules would let everything pass.
    """

    def __init__(self, rules: SafetyRules) -> None:
        if not len(rules):
            raise UserError("the safety gate has no rules", fix="Load them with load_rules().")
        forbid = [(file, rule) for file, rule in rules if rule.kind == "forbid"]
        self._claims = Matcher((ruled for ruled in forbid if ruled[0].criterion != "tone"), rules.needles)
        self._tone = Matcher((ruled for ruled in forbid if ruled[0].criterion == "tone"), rules.needles)
        self._require = [(file, rule) for file, rule in rules if rule.kind == "require"]
        self._ending = [(file, rule) for file, rule in rules if rule.kind == "ending"]
        # A product's disclosure is the same for every customer, and is the longer text; and facts that many share make
        # the same sentence. What is kept is what was found in these very words, never a verdict.
        self._frames: dict[tuple[str, Locale, str], Frame] = {}
        self._spoken = lru_cache(maxsize=KNOWN_TEXTS)(self._speak)

    def check(
        self,
        text: str,
        *,
        product: Product,
        facts: Sequence[Fact],
        locale: Locale,
        risk_cap: int | None,
        disclosure: str = "",
        origin: Origin = "written",
    ) -> Verdict:
        """Judge ``text`` and the ``disclosure`` under it, before delivery.

        Args:
            text: The sentence that explains the recommendation.
            product: What is recommended, as the catalog has it.
            facts: The facts that the text may state.
            locale: The language that the text must be in.
            risk_cap: The highest product risk that suits the customer; None (unknown) blocks.
            disclosure: The mandatory statements delivered with the text.
            origin: ``template``: the wording was vetted, and rules alone judge it. ``written``: a model or a person
                wrote it; a reader of the whole text judges as well, which may block what no rule hits, and may clear
                what a rule of wording hits in a lawful sentence ("not every customer is approved").
        """
        findings = checks.suitability(product, risk_cap)
        too_long = checks.length(text, "text") + checks.length(disclosure, "disclosure")
        if too_long:
            return Verdict.of(findings + too_long)
        frame = self._frame(product, locale, disclosure)
        said, claimed, manners, tone = self._spoken(text, frame.names, locale)
        reading: Reading = open_reader(locale).read(said.plain) if origin == "written" else "doubtful"
        if reading == "innocent":
            claimed = [breach for breach in claimed if not _cleared(said, breach[0], breach[1])]
            blanked = checks.without_names(said, frame.names)
            tone = [breach for breach in tone if not _cleared(blanked, breach[0], breach[1])]
        allowed = frame.allowed | fact_quantities(facts, locale)
        findings += checks.form(said, "text")
        findings += checks.numbers(said.plain, "text", allowed)
        findings += _applicable(claimed, "text", product)
        findings += frame.findings(allowed)
        whole = f"{said.plain}\n{frame.disclosed.plain}"
        findings += checks.named(said, whole, product, locale)
        findings += _missing(frame.unmet, replace(said, plain=whole, joined=whole), locale, product)
        findings += manners + _applicable(tone, "text", product)
        if origin == "written":
            findings += checks.cipher(said, "text")
        if reading == "forbidden":
            findings.append(_reads_like(open_reader(locale).clause(said.plain)))
        return Verdict.of(findings)

    def screen(self, text: str, where: str) -> list[Finding]:
        """Judge free text that is no reason yet (a catalog field, a glossary phrase): as data, whatever it says."""
        too_long = checks.length(text, where)
        if too_long:
            return too_long
        part = normalise(text)
        # Terms and names rightly hold numbers in words; and what depends on a product is judged with its text.
        broken = [b for b in self._claims.breaches(part) if b[1].unconditional and b[0].criterion != "hallucination"]
        hidden = checks.form(part, where) + checks.cipher(part, where)
        return hidden + [_finding(file, rule, where, words) for file, rule, words in broken]

    def _read(self, text: str) -> tuple[Normalised, list[Breach]]:
        """The normalised text, and the claims that it makes whatever the product is."""
        part = normalise(text)
        return part, self._claims.breaches(part)

    def _speak(
        self, text: str, names: tuple[str, ...], locale: Locale
    ) -> tuple[Normalised, list[Breach], list[Finding], list[Breach]]:
        """Of a text in ``locale``, with ``names`` in it that may stand there: what is said, its claims, its faults of
        language and of endings, and its breaches of tone."""
        said, claimed = self._read(text)
        blanked = checks.without_names(said, names)
        impolite = ((file, rule, rule.breach(blanked, locale)) for file, rule in self._ending)
        manners = [_finding(file, rule, "text", words) for file, rule, words in impolite if words is not None]
        return said, claimed, manners + checks.language(blanked, locale), self._tone.breaches(blanked)

    def _frame(self, product: Product, locale: Locale, disclosure: str) -> Frame:
        """What is known of the disclosure and the product, before there is a text."""
        place = (product.id, locale, disclosure)
        known = self._frames.get(place)
        if known is not None and known.product is product:
            return known
        disclosed, bound = self._read(disclosure)
        allowed = frozenset(product_quantities(product, locale))
        frame = Frame(
            product=product,
            disclosed=disclosed,
            form=checks.form(disclosed, "disclosure"),
            claims=_applicable(bound, "disclosure", product),
            allowed=allowed,
            names=checks.bare_names(product),
            loose=ungrounded(disclosed.plain, allowed),
            # Whatever the disclosure states by itself need not be looked for under each text.
            unmet=[r for r in _applying(self._require, product) if _missing([r], disclosed, locale, product)],
        )
        if len(self._frames) >= KNOWN_FRAMES:
            self._frames.clear()
        self._frames[place] = frame
        return frame


@dataclass(frozen=True)
class Frame:
    """A product with its disclosure: what every text about it is judged with.

    Attributes:
        product: The product.
        disclosed: Its disclosure, normalised.
        form: Faults of the disclosure's form.
        claims: Rules that the disclosure breaks for this product.
        allowed: Numbers that may be stated whatever the facts are.
        names: Names that are no words of the text.
        loose: Numbers of the disclosure that are not among ``allowed``.
        unmet: Requirements that the disclosure does not meet by itself.
    """

    product: Product
    disclosed: Normalised
    form: list[Finding]
    claims: list[Finding]
    allowed: frozenset[Quantity]
    names: tuple[str, ...]
    loose: list[Quantity]
    unmet: list[tuple[RuleFile, Rule]]

    def findings(self, allowed: Set[Quantity]) -> list[Finding]:
        """What is wrong with the disclosure, where the numbers of ``allowed`` may be stated."""
        loose = checks.numbers(self.disclosed.plain, "disclosure", allowed) if self.loose else []
        return self.form + loose + self.claims


def _missing(
    required: Iterable[tuple[RuleFile, Rule]], part: Normalised, locale: Locale, product: Product
) -> list[Finding]:
    return [
        _finding(file, rule, "disclosure", "")
        for file, rule in required
        if rule.breach(part, locale) is not None
        or (rule.states and not stated(part.plain, rule.states, product.terms, locale))
    ]


def _reads_like(clause: str) -> Finding:
    return Finding(
        rule_id="reads-forbidden",
        clause=clause,
        criterion=_CRITERIA.get(clause, "regulatory"),
        where="text",
        span_hash="",
        message="reads like texts that this clause forbids",
    )


def _cleared(said: Normalised, file: RuleFile, rule: Rule) -> bool:
    """Whether a hit of ``rule`` in words that read innocent stands for nothing: the rule yields, or they deny it."""
    return rule.yields or ((rule.criterion or file.criterion) in DENIABLE and denied(said, rule))


def _applying(rules: Sequence[tuple[RuleFile, Rule]], product: Product) -> Iterator[tuple[RuleFile, Rule]]:
    return ((file, rule) for file, rule in rules if rule.applies(product.type, product.terms))


def _applicable(broken: Sequence[Breach], where: str, product: Product) -> list[Finding]:
    return [
        _finding(file, rule, where, words) for file, rule, words in broken if rule.applies(product.type, product.terms)
    ]


def _finding(file: RuleFile, rule: Rule, where: str, words: str) -> Finding:
    return Finding(
        rule_id=rule.id,
        clause=file.clause,
        criterion=rule.criterion or file.criterion,
        severity=rule.severity,
        where=where,
        span_hash=span_hash(words) if words else "",
        message=rule.message,
    )
