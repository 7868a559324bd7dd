"""A linear model in whole numbers, and the files that hold it."""

from __future__ import annotations

import hashlib
import json
import math
import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

from agents.safety_gate.reader.traits import readings, traits
from understudy.contracts._model import Locale
from understudy.errors import UserError

__all__ = ["RARITY_UNIT", "WEIGHT_UNIT", "Reader", "Reading", "open_reader", "pack", "reader_folder", "sign"]

Reading = Literal["forbidden", "doubtful", "innocent"]
WEIGHT_UNIT = 1000
RARITY_UNIT = 16


def sign(trait: str) -> int:
    """The 32 bits under which a trait is filed (CRC-32 of its UTF-8 bytes)."""
    return crc32(trait.encode())


@dataclass(frozen=True)
class Reader:
    """Scores a text: ``bias + sum over kinds of trait of sum(weight) / sqrt(sum(rarity^2))``.

    That is a linear support vector machine over tf-idf vectors of which each kind of trait has length one (Joachims
    1998), with presence in place of frequency: a reason is one or two sentences. Weights and rarities are integers, so
    that a score is the same on every machine up to the rounding of one square root. A second, smaller model names the
    clause: of ``clauses`` the one with the highest sum of its weights in ``naming``.
    """

    kinds: tuple[dict[int, tuple[int, int]], ...]
    naming: dict[int, tuple[int, ...]]
    clauses: tuple[str, ...]
    bias: float
    block: float
    confirm: float

    def score(self, plain: str) -> float:
        """How forbidden normalised ``plain`` reads, as a whole or by its worst sentence; 0 is the middle."""
        return max(map(self._score, readings(plain)))

    def _score(self, plain: str) -> float:
        total = self.bias
        for known, found in zip(self.kinds, traits(plain), strict=True):
            pairs = [known[trait] for trait in set(map(sign, found)) & known.keys()]
            if pairs:
                weight, rarity = sum(pair[0] for pair in pairs), sum(pair[1] ** 2 for pair in pairs)
                total += weight / WEIGHT_UNIT / (math.sqrt(rarity) / RARITY_UNIT)
        return total

    def read(self, plain: str) -> Reading:
        """``forbidden`` blocks by itself, ``doubtful`` where a rule hits as well, ``innocent`` clears a rule's hit."""
        score = self.score(plain)
        return "forbidden" if score > self.block else "doubtful" if score > self.confirm else "innocent"

    def clause(self, plain: str) -> str:
        """The clause whose texts the worst part of normalised ``plain`` resembles most."""
        worst = max(readings(plain), key=self._score)
        rows = [self.naming[trait] for trait in set(map(sign, traits(worst)[1])) & self.naming.keys()]
        sums = [sum(column) for column in zip(*rows, strict=True)] or [0]
        return self.clauses[sums.index(max(sums))]


def pack(
    limits: dict[str, float],
    kinds: Iterable[dict[str, tuple[int, int]]],
    clauses: Sequence[str],
    naming: dict[str, list[int]],
) -> dict[str, Any]:
    """What the file of one reader holds: ``limits`` (bias, block, confirm), and tables ordered by the traits' signs.

    Tables are base64 of little-endian integers: signs 4 bytes each, weights 2, rarities 1, weights of clauses 1.
    """
    tables = []
    for kind in kinds:
        signs, weights, rarities = zip(*sorted((sign(trait), *pair) for trait, pair in kind.items()), strict=True)
        tables.append({"signs": _told("I", signs), "weights": _told("h", weights), "rarities": _told("B", rarities)})
    named = sorted((sign(trait), weights) for trait, weights in naming.items())
    flat = [weight for _, weights in named for weight in weights]
    names = {"signs": _told("I", [trait for trait, _ in named]), "weights": _told("b", flat)}
    return {**limits, "kinds": tables, "clauses": list(clauses), "naming": names}


def _unpack(data: dict[str, Any]) -> Reader:
    kinds = tuple(
        dict(
            zip(
                _table("I", kind["signs"]),
                zip(_table("h", kind["weights"]), _table("B", kind["rarities"]), strict=True),
                strict=True,
            )
        )
        for kind in data["kinds"]
    )
    width, weights = len(data["clauses"]), _table("b", data["naming"]["weights"])
    signs = _table("I", data["naming"]["signs"])
    naming = {name: tuple(weights[at * width : (at + 1) * width]) for at, name in enumerate(signs)}
    return Reader(kinds, naming, tuple(data["clauses"]), data["bias"], data["block"], data["confirm"])


def _told(code: str, numbers: Iterable[int]) -> str:
    return b64encode(_little(array(code, numbers)).tobytes()).decode()


def _table(code: str, told: str) -> array[int]:
    return _little(array(code, b64decode(told)))


def _little(table: array[int]) -> array[int]:
    if sys.byteorder == "big":
        table.byteswap()
    return table


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
    return _unpack(json.loads(content))


_FIX = "Restore it, or train it again: python -m studies.safety_reader."
