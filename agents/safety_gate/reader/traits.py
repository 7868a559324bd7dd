"""What the reader sees of a text: runs of letters, and stems of words beside and near each other."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

__all__ = ["readings", "traits"]

# Lengths of letter runs: a Hangul syllable is two or three letters.
_RUNS = {True: (3, 5, 7), False: (4, 6, 8)}
_HANGUL = re.compile(r"[가-힣]")
_WORD = re.compile(r"[가-힣]+|[a-z']+|\d+|[^\s\w]")
_STEM = {True: 2, False: 5}
_END = re.compile(r"(?<=[.!?])\s+|\n+")


def readings(plain: str) -> list[str]:
    """A text, and each of its sentences where there are several: harmless ones must not dilute a bad one."""
    sentences = [sentence for sentence in _END.split(plain) if sentence.strip()]
    return [plain, *sentences] if len(sentences) > 1 else [plain]


def traits(plain: str) -> tuple[set[str], set[str]]:
    """Letter runs and word patterns of a normalised text.

    Hangul is taken apart into its letters (NFD), so that 보장하는, 보장한 and 보장합니다 share most of their runs. A
    stem is the first two syllables, or five Latin letters. ``a b`` are neighbours, ``a~b`` two to four words apart.
    """
    letters = unicodedata.normalize("NFD", f" {plain} ")
    sizes = _RUNS[_HANGUL.search(plain) is not None]
    runs = {letters[at : at + size] for size in sizes for at in range(len(letters) - size + 1)}
    words = ["^", *_WORD.findall(plain), "$"]
    stems = [word[: _STEM["가" <= word[0] <= "힣"]] for word in words]
    said = {"=" + word for word in words}
    said.update(stems)
    said.update(f"{a} {b}" for a, b in pairwise(stems))
    said.update(f"{a} {b} {c}" for a, b, c in zip(stems, stems[1:], stems[2:], strict=False))
    for apart in (2, 3, 4):
        said.update(f"{a}~{b}" for a, b in zip(stems, stems[apart:], strict=False))
    return runs, said
