"""Prove a rule set on its own examples, and record the proof: ``python -m agents.safety_gate.proof``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.safety_gate.matcher import Matcher, Needles
from agents.safety_gate.needles import needles
from agents.safety_gate.normalise import normalise
from agents.safety_gate.rule import Rule, RuleFile
from agents.safety_gate.rulebook import PROOF, digest, shipped_rules
from understudy.atomic import canonical_json, write_bytes
from understudy.contracts._model import Locale, read_toml
from understudy.errors import UserError

__all__ = ["prove", "record"]

_LOCALES: tuple[Locale, Locale] = ("ko", "en")


def prove(files: Sequence[RuleFile]) -> Needles:
    """Try every rule on its examples, in its language alone and as the gate runs it.

    Returns:
        The needles of every pattern that has any.

    Raises:
        UserError: a pattern is no regular expression, misses an example that it must hit, or hits one it must not.
    """
    known: dict[str, list[str]] = {}
    for file in files:
        for rule in file.rules:
            for locale in _LOCALES:
                known |= _needles(rule, locale)
                _try_examples(file, rule, locale, known)
    return known


def _needles(rule: Rule, locale: Locale) -> dict[str, list[str]]:
    found = {}
    for pattern in rule.language(locale).patterns:
        try:
            found[pattern] = needles(pattern)
        except re.error as error:
            where = f"rule {rule.id} ({locale}), pattern {pattern!r}"
            raise UserError(f"not a regular expression: {error}", where=where, fix="Correct the pattern.") from None
    return {pattern: words for pattern, words in found.items() if words is not None}


def _try_examples(file: RuleFile, rule: Rule, locale: Locale, known: Needles) -> None:
    alone = Matcher([(file, rule)], known)
    language = rule.language(locale)
    for wanted, examples in ((True, language.match), (False, language.innocent)):
        for example in examples:
            part = normalise(example)
            hit = rule.breach(part, locale) is not None
            # The prefilter may not lose a hit that the full expression finds.
            lost = rule.kind == "forbid" and hit and not alone.breaches(part)
            if hit != wanted or lost:
                verb = "misses" if wanted else "hits"
                where = f"rule {rule.id} ({file.clause}, {locale})"
                fix = "Correct the pattern or the example."
                raise UserError(f"{verb} its own example {example!r}", where=where, fix=fix)


def record() -> None:
    """Prove the shipped rules and write their proof beside them."""
    folder = shipped_rules()
    sources = sorted(folder.glob("*.toml"))
    files = [read_toml(RuleFile, source) for source in sources]
    found = prove(files)
    # Macros are spelled out in the patterns already.
    told = [file.model_dump(mode="json", exclude={"macros"}, exclude_defaults=True) for file in files]
    proof = {"sha256": digest(sources), "needles": found, "files": told}
    write_bytes(folder / PROOF, canonical_json(proof) + b"\n")
    (folder / PROOF).chmod(0o644)


if __name__ == "__main__":
    record()
