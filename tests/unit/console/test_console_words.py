"""The vocabulary: whole in both languages, and exactly what the pages ask for."""

from __future__ import annotations

import re
import string
from pathlib import Path

import understudy.console
from understudy.console.words import Words, chosen_locale, vocabulary

SOURCE = Path(understudy.console.__file__).parent
# Words of the contracts, looked up by name.
BY_NAME = {
    "mark", "layer", "checkpoint", "part", "measure", "evidence", "source", "verdict", "perspective", "broken",
    "review_error", "switch_error",
}  # fmt: skip


def sources() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py")))


def slots(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_entry_is_there_in_both_languages_with_the_same_slots() -> None:
    for key, (english, korean) in vocabulary().items():
        assert english.strip(), key
        assert korean.strip(), key
        assert slots(english) == slots(korean), key


def test_korean_is_korean() -> None:
    same = {key for key, (english, korean) in vocabulary().items() if english == korean}
    assert same == {"checklist.plain_interval", "drift.psi", "log.mac", "proof.mac"}


def test_what_the_pages_ask_for_is_there() -> None:
    asked = set(re.findall(r"(?:words|Notice)\(\s*[\"']([a-z_]+\.[A-Za-z0-9_]+)[\"']", sources()))
    assert len(asked) > 150
    assert asked <= set(vocabulary())


def test_nothing_is_there_that_no_page_asks_for() -> None:
    text = sources()
    literal = set(re.findall(r"[\"']([a-z_]+\.[A-Za-z0-9_]+)[\"']", text))
    families = set(re.findall(r"f[\"']([a-z_]+\.[a-z_]*)\{", text))
    unused = {
        key
        for key in vocabulary()
        if key not in literal and key.partition(".")[0] not in BY_NAME and not any(key.startswith(f) for f in families)
    }
    assert unused == set()


def test_a_name_without_words_speaks_for_itself() -> None:
    assert Words("ko").named("measure", "a_new_monitor") == "a_new_monitor"
    assert Words("ko").named("mark", "PASS") == "통과"


def test_a_language_is_found() -> None:
    assert chosen_locale(None, "") == "en"
    assert chosen_locale("ko", "en") == "ko"
    assert chosen_locale("xx", "de;q=0.9, ko-KR;q=0.7") == "ko"
