"""Read the rules, and refuse a set that does not prove itself on its own examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.safety_gate.normalise import normalise
from agents.safety_gate.rule import Rule, RuleFile
from understudy.contracts._model import Locale, read_toml
from understudy.errors import UserError

__all__ = ["SafetyRules", "load_rules"]


@dataclass(frozen=True)
class SafetyRules:
    """A rule set that proved itself on its own examples."""

    files: tuple[RuleFile, ...]

    def __iter__(self) -> Iterator[tuple[RuleFile, Rule]]:
        return ((file, rule) for file in self.files for rule in file.rules)

    def __len__(self) -> int:
        return sum(len(file.rules) for file in self.files)


def load_rules(path: Path | None = None) -> SafetyRules:
    """Read every ``*.toml`` of ``path`` (default: the rules of the package).

    Raises:
        UserError: no rules, an unreadable file, a rule without both languages, a rule named twice, or a rule that
            misses an example it must hit or hits one that it must not. The gate does not start without its rules.
    """
    folder = path or Path(__file__).with_name("rules")
    files = tuple(read_toml(RuleFile, file) for file in sorted(folder.glob("*.toml")))
    if not files:
        raise UserError(
            "no safety rules", where=str(folder), fix="Restore the rule files: without them nothing is safe."
        )
    rules = SafetyRules(files)
    _refuse_twins([rule.id for _, rule in rules], folder)
    for file, rule in rules:
        _prove(rule, file.clause)
    return rules


def _refuse_twins(ids: Sequence[str], folder: Path) -> None:
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise UserError(f"rule named twice: {', '.join(twice)}", where=str(folder), fix="Give each rule its own id.")


def _prove(rule: Rule, clause: str) -> None:
    locales: tuple[Locale, Locale] = ("ko", "en")
    for locale in locales:
        language = rule.language(locale)
        for wanted, examples in ((True, language.match), (False, language.innocent)):
            for example in examples:
                if (rule.breach(normalise(example), locale) is not None) != wanted:
                    verb = "misses" if wanted else "hits"
                    raise UserError(
                        f"{verb} its own example {example!r}",
                        where=f"rule {rule.id} ({clause}, {locale})",
                        fix="Correct the pattern or the example.",
                    )
