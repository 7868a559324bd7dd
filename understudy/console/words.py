"""What the console says, in English and Korean."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import get_args

from understudy.contracts._model import Locale

__all__ = ["Words", "chosen_locale", "vocabulary"]

LOCALES: tuple[Locale, ...] = get_args(Locale)
_PLACE = {"en": 0, "ko": 1}


@cache
def vocabulary() -> dict[str, tuple[str, str]]:
    """Key (``section.name``) -> English, Korean."""
    text = (files("understudy.console") / "words.toml").read_text(encoding="utf-8")
    sections = tomllib.loads(text)
    return {f"{name}.{key}": (both[0], both[1]) for name, section in sections.items() for key, both in section.items()}


class Words:
    """The vocabulary in one language."""

    def __init__(self, locale: Locale) -> None:
        self.locale: Locale = locale
        self._place = _PLACE[locale]

    def __call__(self, key: str, **slots: object) -> str:
        """The words for ``key``, with ``{slots}`` filled."""
        text = vocabulary()[key][self._place]
        return text.format(**slots) if slots else text

    def named(self, section: str, name: str) -> str:
        """The words for a name of the API (a status, a checkpoint); a name without words speaks for itself."""
        found = vocabulary().get(f"{section}.{name}")
        return found[self._place] if found else name


def chosen_locale(cookie: str | None, accept: str) -> Locale:
    """The language that was chosen, else the first one of the browser's that is spoken here, else English."""
    for wanted in [cookie or "", *(part.partition(";")[0].strip() for part in accept.split(","))]:
        for locale in LOCALES:
            if wanted == locale or wanted.lower().startswith(f"{locale}-"):
                return locale
    return "en"
