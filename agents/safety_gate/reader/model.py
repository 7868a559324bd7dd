"""A linear model in whole numbers, and the files that hold it."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from agents.safety_gate.reader.traits import readings, traits
from understudy.contracts._model import Locale
from understudy.errors import UserError

__all__ = ["RARITY_UNIT", "WEIGHT_UNIT", "Reader", "Reading", "open_reader", "reader_folder"]

Reading = Literal["forbidden", "doubtful", "innocent"]
WEIGHT_UNIT = 1000
RARITY_UNIT = 16


@dataclass(frozen=True)
class Reader:
    """Scores a text: ``bias + sum over kinds of trait of sum(weight) / sqrt(sum(rarity^2))``.

    That is a linear support vector machine over tf-idf vectors of which each kind of trait has length one (Joachims
    1998), with presence in place of frequency: a reason is one or two sentences. Weights and rarities are integers, so
    that a score is the same on every machine up to the rounding of one square root.
    """

    kinds: tuple[dict[str, tuple[int, int]], ...]
    bias: float
    block: float
    confirm: float

    def score(self, plain: str) -> float:
        """How forbidden normalised ``plain`` reads, as a whole or by its worst sentence; 0 is the middle."""
        return max(map(self._score, readings(plain)))

    def _score(self, plain: str) -> float:
        total = self.bias
        for known, found in zip(self.kinds, traits(plain), strict=True):
            pairs = [known[trait] for trait in found & known.keys()]
            if pairs:
                weight, rarity = sum(pair[0] for pair in pairs), sum(pair[1] ** 2 for pair in pairs)
                total += weight / WEIGHT_UNIT / (math.sqrt(rarity) / RARITY_UNIT)
        return total

    def read(self, plain: str) -> Reading:
        """``forbidden`` blocks by itself, ``doubtful`` where a rule hits as well, ``innocent`` clears a rule's hit."""
        score = self.score(plain)
        return "forbidden" if score > self.block else "doubtful" if score > self.confirm else "innocent"


def reader_folder() -> Path:
    """Folder of the readers that ship with the package."""
    return Path(__file__).parent


@cache
def open_reader(locale: Locale, folder: Path | None = None) -> Reader:
    """The reader of one language.

    Raises:
        UserError: the file is missing, or is not the one that was measured.
    """
    place = folder or reader_folder()
    path = place / f"{locale}.json"
    try:
        content = path.read_bytes()
        proven = json.loads((place / "proof.json").read_bytes())["sha256"].get(locale)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"the reader cannot be opened: {error}", where=str(path), fix=_FIX) from None
    if hashlib.sha256(content).hexdigest() != proven:
        raise UserError("the reader is not the one that was measured", where=str(path), fix=_FIX)
    data: dict[str, Any] = json.loads(content)
    kinds = tuple(
        dict(zip(kind["traits"].split("\n"), zip(kind["weights"], kind["rarities"], strict=True), strict=True))
        for kind in data["kinds"]
    )
    return Reader(kinds, data["bias"], data["block"], data["confirm"])


_FIX = "Restore it, or train it again: python studies/safety_reader.py."
