"""Find the past cases that are most like a finding: BM25 over runs of characters.

Chosen by ``benchmarks/jury_cases.py``: runs of characters find inflected and compounded words (and names of features)
that whole words miss; static word vectors, with 16 MB of weights, found fewer.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

__all__ = ["Retrieval", "characters", "words"]

K1 = 1.2
B = 0.75
_WORD = re.compile(r"[a-z]+|[가-힣]+|\d+(?:\.\d+)?")


class Retrieval:
    """Okapi BM25 (Robertson and Zaragoza, 2009) over ``texts``:

        score = sum over pieces q of the question: idf(q) * f (k1 + 1) / (f + k1 (1 - b + b * length / mean length))
        idf(q) = log(1 + (N - n + 0.5) / (n + 0.5))

    with f how often q stands in the text, n in how many of the N texts; k1 = 1.2, b = 0.75.
    """

    def __init__(self, texts: Sequence[str], split: Callable[[str], list[str]] | None = None) -> None:
        """``split``: text -> its pieces (default: `characters`)."""
        self._split = split or characters
        self._counts = [Counter(self._split(text)) for text in texts]
        lengths = [count.total() for count in self._counts]
        mean = sum(lengths) / len(lengths) if lengths else 1.0
        self._norm = [K1 * (1 - B + B * length / (mean or 1.0)) for length in lengths]
        spread = Counter(piece for count in self._counts for piece in count)
        total = len(self._counts)
        self._idf = {piece: math.log(1 + (total - n + 0.5) / (n + 0.5)) for piece, n in spread.items()}

    def rank(self, question: str, limit: int) -> list[tuple[int, float]]:
        """(place, score) of the ``limit`` best texts, best first; none that shares nothing with the question."""
        asked = set(self._split(question))
        scores = [self._score(asked, count, norm) for count, norm in zip(self._counts, self._norm, strict=True)]
        ranked = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
        return [(place, scores[place]) for place in ranked[:limit] if scores[place] > 0]

    def _score(self, asked: set[str], count: Counter[str], norm: float) -> float:
        # Sorted, because the order of a set differs from process to process, and a float sum with it.
        return sum(
            self._idf[piece] * count[piece] * (K1 + 1) / (count[piece] + norm) for piece in sorted(asked & count.keys())
        )


def words(text: str) -> list[str]:
    """Lower-case words and numbers; names like ``spend_travel`` fall into their words."""
    return _WORD.findall(text.lower())


def characters(text: str, least: int = 3, most: int = 5) -> list[str]:
    """Runs of 3 to 5 characters within words, whose ends are marked."""
    marked = [f"<{word}>" for word in words(text)]
    return [word[at : at + n] for word in marked for n in range(least, most + 1) for at in range(len(word) - n + 1)]
