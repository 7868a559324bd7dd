"""A past decision, made again by the bundle that is served: is it the same, and what argued for its products?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from lambda_app.app import App
from lambda_app.native import EngineError
from lambda_app.ranking import candidate_of
from lambda_app.replay import replay
from lambda_app.router import Router, Scoring
from understudy.atomic import canonical_json
from understudy.contracts.api import CustomerProfile, CustomerRecord, Recommendation, TaskScore
from understudy.contracts.inspection import ProductContributions, Recomputed

__all__ = ["recompute"]

# So many features are named; the others are summed up.
NAMED = 12
# Rounding leaves 1e-17 where a feature says nothing.
NEGLIGIBLE = 1e-9


def recompute(
    app: App, content: Mapping[str, Any], tasks: Mapping[str, TaskScore], recommendations: Sequence[Recommendation]
) -> Recomputed:
    """Decide again from what was known then, compare, and tell the contributions of what was recommended.

    Args:
        app: The application.
        content: The decision's content, as the audit log has it.
        tasks: Its scores.
        recommendations: What was recommended, delivered or withheld.
    """
    again = replay(app, [content])
    served, decided = again["model_version"], content["model_version"]
    if served is None:
        return _impossible(again["refused"])
    if served != decided:
        return _impossible(f"{decided} decided; {served} is served now")
    (made,) = again["answers"]
    if made is None:
        return _impossible("the previous champion spoke, and only the champion is asked again")
    differing = [*_tasks_that_differ(content, made), *_parts_that_differ(content, made)]
    return Recomputed(
        outcome="different" if differing else "same",
        note=f"{len(tasks)} scores, the order of {len(content['ranking'])} eligible products and the risk cap",
        compared=len(tasks),
        differing=differing,
        contributions=_argued(app, content, tasks, recommendations),
    )


def _impossible(note: str) -> Recomputed:
    return Recomputed(outcome="impossible", note=note)


def _tasks_that_differ(content: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    then, now = content["answer"]["tasks"], made["tasks"]
    return sorted(name for name in {*then, *now} if canonical_json(then.get(name)) != canonical_json(now.get(name)))


def _parts_that_differ(content: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    then = {
        "ranking": [[one["product_id"], one["score"], one["drivers"]] for one in content["ranking"]],
        "dropped": content["answer"]["dropped"],
        "risk_cap": content["risk_cap"],
    }
    return [part for part, was in then.items() if canonical_json(was) != canonical_json(made[part])]


def _argued(
    app: App, content: Mapping[str, Any], tasks: Mapping[str, TaskScore], recommendations: Sequence[Recommendation]
) -> list[ProductContributions]:
    record = _record(content.get("record"))
    if record is None:
        return []
    scoring = app.decider.router.score(record, opted_out=False)
    alike = {name for name, score in tasks.items() if _same(score, scoring.tasks.get(name))}
    return _contributions(app, app.decider.router, scoring, tasks, recommendations, alike)


def _record(stored: Mapping[str, Any] | None) -> CustomerRecord | None:
    if stored is None or stored.get("features") is None:
        return None
    return CustomerRecord(
        customer_id="-",
        schema_version=stored["schema_version"],
        as_of=stored["as_of"],
        features=stored["features"],
        profile=CustomerProfile.model_validate(stored["profile"]),
    )


def _same(then: TaskScore, now: TaskScore | None) -> bool:
    """Whether it is this score that the contributions will explain."""
    return now is not None and (then.layer, then.value, then.classes) == (now.layer, now.value, now.classes)


def _contributions(
    app: App,
    router: Router,
    scoring: Scoring,
    tasks: Mapping[str, TaskScore],
    recommendations: Sequence[Recommendation],
    alike: set[str],
) -> list[ProductContributions]:
    products = {product.id: product for product in app.decider.bundle.catalog.products}
    values = cache(partial(router.contributions, scoring))
    found = []
    for recommendation in recommendations:
        product = products.get(recommendation.product_id)
        candidate = candidate_of(product, tasks) if product is not None else None
        # A product that a switch ranked apart was not ranked by these scores.
        if candidate is None or candidate.drivers != recommendation.drivers or candidate.main.task not in alike:
            continue
        main = candidate.main
        try:
            shares = values(main.task, main.class_name)
        except EngineError:
            continue
        sign = -1.0 if main.complement else 1.0
        least = NEGLIGIBLE * max(map(abs, shares.values()), default=0.0)
        weighty = [pair for pair in shares.items() if abs(pair[1]) > least]
        ordered = sorted(weighty, key=lambda pair: (-abs(pair[1]), pair[0]))
        found.append(
            ProductContributions(
                product_id=recommendation.product_id,
                task=main.task,
                class_name=main.class_name,
                values={name: sign * value for name, value in ordered[:NAMED]},
                rest=sign * sum(value for _, value in ordered[NAMED:]),
            )
        )
    return found
