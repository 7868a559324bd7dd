"""Read the rules, and refuse a set that does not prove itself on its own examples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.safety_gate.matcher import Needles
from agents.safety_gate.rule import Rule, RuleFile
from understudy.contracts._model import read_toml, validated
from understudy.errors import UserError

__all__ = ["PROOF", "SafetyRules", "digest", "load_rules", "shipped_rules"]

PROOF = "proof.json"


@dataclass(frozen=True)
class SafetyRules:
    """A rule set that proved itself on its own examples, and the needles of its patterns."""

    files: tuple[RuleFile, ...]
    needles: Needles

    def __iter__(self) -> Iterator[tuple[RuleFile, Rule]]:
        return ((file, rule) for file in self.files for rule in file.rules)

    def __len__(self) -> int:
        return sum(len(file.rules) for file in self.files)


def shipped_rules() -> Path:
    """Folder of the rules that ship with the package."""
    return Path(__file__).with_name("rules")


def load_rules(path: Path | None = None) -> SafetyRules:
    """Read every ``*.toml`` of ``path`` (default: the rules of the package).

    A set is parsed and proven when it is read, unless ``proof.json`` beside it records that these very bytes were
    before, and what they say: compiling every pattern, and reading TOML, costs a cold start a tenth of a second.

    Raises:
        UserError: no rules, an unreadable file, a rule without both languages, a rule named twice, or a rule that
            misses an example it must hit or hits one that it must not. The gate does not start without its rules.
    """
    folder = path or shipped_rules()
    sources = sorted(folder.glob("*.toml"))
    if not sources:
        fix = "Restore the rule files: without them nothing is safe."
        raise UserError("no safety rules", where=str(folder), fix=fix)
    proven = _proven(folder / PROOF, digest(sources))
    if proven is not None:
        return proven
    files = tuple(read_toml(RuleFile, source) for source in sources)
    _refuse_twins([rule.id for file in files for rule in file.rules], folder)
    from agents.safety_gate.proof import prove

    return SafetyRules(files, prove(files))


def digest(sources: Sequence[Path]) -> str:
    """sha256 over names and bytes of the rule files, in order."""
    whole = hashlib.sha256()
    for source in sources:
        content = source.read_bytes()
        whole.update(f"{source.name} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def _proven(path: Path, sha256: str) -> SafetyRules | None:
    """The rules recorded for sources of this digest; None where nothing, or something else, was proven."""
    try:
        record = json.loads(path.read_bytes())
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None
    if not isinstance(record, dict) or record.get("sha256") != sha256 or "files" not in record:
        return None
    files = tuple(validated(RuleFile, file, str(path)) for file in record["files"])
    _refuse_twins([rule.id for file in files for rule in file.rules], path.parent)
    return SafetyRules(files, record["needles"])


def _refuse_twins(ids: Sequence[str], folder: Path) -> None:
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise UserError(f"rule named twice: {', '.join(twice)}", where=str(folder), fix="Give each rule its own id.")
