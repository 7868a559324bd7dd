"""From task scores to ranked products; every product that is not recommended says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from lambda_app.suitability import RiskCap, unsuitable
from understudy.contracts.api import CustomerProfile, Dropped, TaskScore
from understudy.contracts.catalog import Catalog, Driver, Product, ServingPolicy

__all__ = ["Bars", "Candidate", "Ranking", "candidate_of", "driver_key", "rank"]

KNOWN_PRODUCTS = 4096


class Candidate(NamedTuple):
    """A product that may be recommended. ``main`` is the driver that weighed most in this customer's score."""

    product: Product
    score: float
    drivers: dict[str, float]
    main: Driver


@dataclass(frozen=True)
class Bars:
    """What people's switches and the customer's rights forbid.

    Attributes:
        everything: Why nothing may be recommended; "" if something may.
        products: Product -> why it may not be recommended.
        apart: Product -> the scores that it is ranked by, where they are not everybody's.
    """

    everything: str = ""
    products: Mapping[str, str] = field(default_factory=dict)
    apart: Mapping[str, Mapping[str, TaskScore]] = field(default_factory=dict)


NO_BARS = Bars()


@dataclass(frozen=True)
class Ranking:
    """Eligible products, best first (the first ``top_k`` are recommended), and the dropped ones in catalog order."""

    eligible: list[Candidate]
    recommended: list[Candidate]
    dropped: list[Dropped]


def rank(
    catalog: Catalog,
    tasks: dict[str, TaskScore],
    profile: CustomerProfile,
    cap: RiskCap,
    contacts: Sequence[str],
    now: datetime,
    top_k: int | None,
    bars: Bars = NO_BARS,
) -> Ranking:
    """Rank the catalog for one customer.

    Score of a product: ``sum(w_i * s_i) / sum(w_i)`` over its drivers, ``s_i`` the calibrated probability of a task (of
    a class), or one minus it for a complement. Ties go by product id. A product is dropped for the first of:
    ``bars``, the customer as a whole (churn, fatigue), owned, age limits, suitability, score, rank.
    """
    everything = bars.everything or _customer_filter(catalog.policy, tasks, contacts, now)
    eligible: list[Candidate] = []
    reasons: dict[str, str] = {}
    for product in catalog.products:
        reason = everything or bars.products.get(product.id) or _product_filter(product, profile, cap)
        candidate = None if reason else candidate_of(product, bars.apart.get(product.id, tasks))
        if candidate is not None and candidate.score >= catalog.policy.min_score:
            eligible.append(candidate)
        else:
            reasons[product.id] = reason or f"score: under {catalog.policy.min_score:g}"
    eligible.sort(key=lambda c: (-c.score, c.product.id))
    count = catalog.policy.default_top_k if top_k is None else top_k
    for place, candidate in enumerate(eligible[count:], start=count + 1):
        reasons[candidate.product.id] = f"rank: place {place}, {count} asked for"
    dropped = [Dropped(product_id=p.id, reason=reasons[p.id]) for p in catalog.products if p.id in reasons]
    return Ranking(eligible, eligible[:count], dropped)


def driver_key(driver: Driver) -> str:
    """``task`` or ``task:class``."""
    return driver.task if driver.class_name is None else f"{driver.task}:{driver.class_name}"


def candidate_of(product: Product, tasks: Mapping[str, TaskScore]) -> Candidate:
    """``product`` with the score that ``tasks`` give it, whether or not it may be recommended."""
    drivers: dict[str, float] = {}
    main, most, weighed, weights = product.drivers[0], -1.0, 0.0, 0.0
    for driver, key, name, class_name, complement, weight in _terms(product):
        task = tasks[name]
        value = task.value if class_name is None else (task.classes or {})[class_name]
        if value is None:
            raise ValueError(f"task {name} has no score")
        drivers[key] = score = 1 - value if complement else value
        share = weight * score
        weighed += share
        weights += weight
        if share > most:
            main, most = driver, share
    # Rounding can carry a mean of ones past one.
    return Candidate(product, min(1.0, weighed / weights), drivers, main)


_Term = tuple[Driver, str, str, str | None, bool, float]
_known: dict[int, tuple[list[Driver], list[_Term]]] = {}


def _terms(product: Product) -> list[_Term]:
    """The product's drivers, taken apart once: every request reads all of them."""
    drivers = product.drivers
    found = _known.get(id(drivers))
    if found is None or found[0] is not drivers:
        if len(_known) >= KNOWN_PRODUCTS:
            _known.clear()
        terms = [(d, driver_key(d), d.task, d.class_name, d.complement, d.weight) for d in drivers]
        _known[id(drivers)] = found = drivers, terms
    return found[1]


def _customer_filter(
    policy: ServingPolicy, tasks: dict[str, TaskScore], contacts: Sequence[str], now: datetime
) -> str | None:
    if policy.churn_task is not None:
        churn = tasks[policy.churn_task].value
        if churn is None or churn > policy.max_churn:
            return f"churn: above {policy.max_churn:g}"
    since = now - timedelta(days=policy.contact_days)
    recent = sum(1 for contact in contacts if _after(contact, since))
    if recent >= policy.max_contacts:
        return f"fatigue: {recent} contacts in {policy.contact_days} days"
    return None


def _after(contact: str, since: datetime) -> bool:
    try:
        at = datetime.fromisoformat(contact)
    except ValueError:
        return True  # a contact at an unreadable time was still a contact
    return (at if at.tzinfo else at.replace(tzinfo=since.tzinfo)) >= since


def _product_filter(product: Product, profile: CustomerProfile, cap: RiskCap) -> str | None:
    if product.id in profile.owned:
        return "owned"
    return _age_limit(product, profile.age) or unsuitable(product, cap)


def _age_limit(product: Product, age: float | None) -> str | None:
    if product.min_age is None and product.max_age is None:
        return None
    if age is None:
        return "age: unknown, and the product has limits"
    if product.min_age is not None and age < product.min_age:
        return f"age: under {product.min_age}"
    if product.max_age is not None and age >= product.max_age + 1:  # forty until the forty-first birthday
        return f"age: over {product.max_age}"
    return None
