"""Does a glossary account for every feature? What it forgot must not be found out by a customer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from understudy.contracts.reasons import Glossary
from understudy.errors import UserError

__all__ = ["Coverage", "refuse_gaps"]


class Coverage:
    """Which features a glossary knows: told, sensitive, protected, proxies, or left out on purpose."""

    def __init__(self, glossary: Glossary) -> None:
        self._known = {name for fact in glossary.facts for name in fact.features}
        self._known.update(glossary.protected, glossary.proxies)
        patterns = "|".join(translate(pattern) for pattern in glossary.untold)
        self._untold = re.compile(patterns) if patterns else None

    def unknown(self, features: Iterable[str]) -> list[str]:
        """Those that the glossary does not know, sorted."""
        missing = []
        for name in set(features) - self._known:
            if self._untold is not None and self._untold.match(name):
                self._known.add(name)
            else:
                missing.append(name)
        return sorted(missing)


def refuse_gaps(glossary: Glossary, features: Sequence[str]) -> None:
    """Refuse a glossary that does not fit the students' features; one without any fact tells nothing, and fits.

    Raises:
        UserError: (exit code 4) a feature is in no fact and not left out on purpose; a fact reads a feature that the
            students do not have; a fact with a value has no label.
    """
    if not glossary.facts:
        return
    forgotten = Coverage(glossary).unknown(features)
    if forgotten:
        what = f"no fact tells of {_some(forgotten)}, and nothing says that they are left out"
        _refuse(what, "Give them facts, or list them under `untold`.")
    known = set(features)
    foreign = sorted({name for fact in glossary.facts for name in fact.features if name not in known})
    if foreign:
        _refuse(f"facts read {_some(foreign)}, which the students do not have", "Correct the names of the features.")
    unnamed = [fact.key for fact in glossary.facts if fact.name is None and not fact.sensitive]
    if unnamed:
        _refuse(f"no label: {_some(unnamed)}", "A fact whose phrase holds a value needs a label without one.")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more


def _refuse(what: str, fix: str) -> None:
    raise UserError(what, where="glossary", fix=fix, exit_code=4)
