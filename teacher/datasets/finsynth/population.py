"""Customers: who they are (observable) and how they behave (latent, never written)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.products import CIRCLES
from teacher.datasets.finsynth.streams import Streams

__all__ = [
    "AGE_GROUPS",
    "FIELDS",
    "GENDERS",
    "INCOME_TIERS",
    "LIFE_STAGES",
    "REGIONS",
    "Latent",
    "People",
    "field_names",
    "populate",
]

F32 = NDArray[np.float32]
I8 = NDArray[np.int8]

GENDERS: Final = ("female", "male")
REGIONS: Final = ("metro", "city", "rural")
LIFE_STAGES: Final = ("student", "single", "couple", "family", "retired")
AGE_GROUPS: Final = ("19-29", "30-44", "45-59", "60+")
INCOME_TIERS: Final = ("low", "middle", "high")
FIELDS: Final[dict[str, int]] = {"occupation": 20, "joined_via": 12, "housing": 15}
"""Categorical fields whose crosses carry the planted signal of deepfm, and their number of values."""


@dataclass(frozen=True)
class People:
    """Observable attributes ``[n]``, constant over the 18 months."""

    age: I8
    gender: I8
    region: I8
    life_stage: I8
    income_krw: NDArray[np.int64]
    tenure_months: NDArray[np.int16]
    risk_tolerance: I8
    """1 to 5; 0 = the customer has not answered (unknown)."""
    occupation: I8
    joined_via: I8
    housing: I8

    @property
    def age_group(self) -> I8:
        return np.digitize(self.age, (30, 45, 60)).astype(np.int8)

    @property
    def income_tier(self) -> I8:
        return np.digitize(self.income_krw, (30_000_000, 60_000_000)).astype(np.int8)

    @property
    def log_income(self) -> F32:
        """Standardised log income: about N(0, 1)."""
        return ((np.log(self.income_krw) - 17.5) / 0.55).astype(np.float32)


@dataclass(frozen=True)
class Latent:
    """Behaviour that shapes the events ``[n]``; labels never read it, only the events."""

    circle: I8
    loyalty: F32
    cyclic: F32
    lead: F32
    focus: F32
    price_centre: F32
    activity: F32
    spend_level: F32


def field_names(field: str) -> list[str]:
    """Values of a categorical field: ``occupation_01`` and so on."""
    return [f"{field}_{value + 1:02d}" for value in range(FIELDS[field])]


def populate(n: int, streams: Streams) -> tuple[People, Latent]:
    """Draw ``n`` customers."""
    people = _people(n, streams("people"))
    return people, _latent(people, streams("latent"))


def _people(n: int, rng: np.random.Generator) -> People:
    age = np.clip(19 + 62 * rng.beta(1.7, 2.2, n), 19, 80).astype(np.int8)
    log_income = 17.5 + 0.22 * np.sin((age - 19) / 62 * np.pi * 1.2) - 0.12 + rng.normal(0, 0.53, n)
    income = (np.exp(np.clip(log_income, 15.9, 19.6)) / 10_000).round().astype(np.int64) * 10_000
    tenure = np.minimum(1 + rng.gamma(1.6, 45, n), (age.astype(np.int64) - 18) * 12).astype(np.int16)
    tolerance = rng.choice(6, n, p=(0.15, 0.12, 0.20, 0.25, 0.18, 0.10)).astype(np.int8)
    fields = {name: _zipf(rng, size, n) for name, size in FIELDS.items()}
    return People(
        age=age,
        gender=rng.integers(0, 2, n, dtype=np.int8),
        region=rng.choice(3, n, p=(0.5, 0.3, 0.2)).astype(np.int8),
        life_stage=_life_stage(age, rng),
        income_krw=income,
        tenure_months=tenure,
        risk_tolerance=tolerance,
        **fields,
    )


def field_shares(size: int) -> NDArray[np.float64]:
    """Probability of each value of a categorical field of ``size`` values (mildly uneven)."""
    weight = 1.0 / (4.0 + np.arange(size))
    return np.asarray(weight / weight.sum())


def _zipf(rng: np.random.Generator, size: int, n: int) -> I8:
    return rng.choice(size, n, p=field_shares(size)).astype(np.int8)


def _life_stage(age: I8, rng: np.random.Generator) -> I8:
    u = rng.random(n := len(age))
    settled = np.where(u < 0.35, 1, np.where(u < 0.60, 2, 3))
    young = np.where(u < 0.45, 0, np.where(u < 0.85, 1, 2))
    old = np.where(u < 0.75, 4, 2)
    return np.select([age < 27, age < 63], [young, settled], default=old).astype(np.int8).reshape(n)


def _latent(people: People, rng: np.random.Generator) -> Latent:
    n = len(people.age)
    normal = rng.standard_normal((3, n), dtype=np.float32)
    return Latent(
        circle=rng.integers(0, CIRCLES, n, dtype=np.int8),
        loyalty=rng.beta(0.8, 0.8, n).astype(np.float32),
        cyclic=rng.beta(0.5, 0.5, n).astype(np.float32),
        lead=np.clip(rng.normal(0, 0.75, n), -1.2, 1.2).astype(np.float32),
        focus=rng.beta(0.5, 0.5, n).astype(np.float32),
        price_centre=(5.5 + 0.7 * normal[0]).astype(np.float32),
        activity=np.exp(0.35 * normal[1]).astype(np.float32),
        spend_level=(0.35 * people.log_income + 0.35 * normal[2]).astype(np.float32),
    )
