"""A past decision, computed again by the bundle that is served: are the scores the same, and what argued for them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from lambda_app.app import App
from lambda_app.http import HttpError
from lambda_app.native import EngineError
from lambda_app.ranking import candidate_of
from lambda_app.router import Router, Scoring
from understudy.contracts.api import CustomerProfile, CustomerRecord, Recommendation, TaskScore
from understudy.contracts.inspection import ProductContributions, Recomputed

__all__ = ["recompute"]

# So many features are named; the others are summed up.
NAMED = 12
PREVIOUS = "previous model"


def recompute(
    app: App, content: Mapping[str, Any], tasks: Mapping[str, TaskScore], recommendations: Sequence[Recommendation]
) -> Recomputed:
    """Score the recorded features anew and compare; tell the contributions of what was recommended.

    A task whose layer was another then (a kill switch, a stale record) cannot be compared, and is not.

    Args:
        app: The application.
        content: The decision's content, as the audit log has it.
        tasks: Its scores.
        recommendations: What was recommended, delivered or withheld.
    """
    record = _record(content.get("record"))
    if record is None:
        return _impossible("nobody looked at the customer: there was no record, or they had opted out")
    try:
        decider = app.decider
    except HttpError as error:
        return _impossible(error.detail)
    manifest = decider.bundle.manifest
    if content["model_version"] != manifest.model_version:
        return _impossible(f"{content['model_version']} decided; {manifest.model_version} is served now")
    scoring = decider.router.score(record, opted_out=False)
    alike = [task for task, score in tasks.items() if _comparable(score, scoring.tasks.get(task))]
    differing = [task for task in alike if not _same(tasks[task], scoring.tasks[task])]
    gates = {task.name: task.teacher_gates for task in manifest.tasks if task.teacher_gates}
    if not alike:
        return _impossible("every task was decided by another layer than would speak now").model_copy(
            update={"teacher_gates": gates}
        )
    return Recomputed(
        outcome="different" if differing else "same",
        note=f"{len(alike)} of {len(tasks)} tasks could be compared",
        compared=len(alike),
        differing=differing,
        contributions=_contributions(app, decider.router, scoring, tasks, recommendations, set(alike)),
        teacher_gates=gates,
    )


def _impossible(note: str) -> Recomputed:
    return Recomputed(outcome="impossible", note=note)


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


def _comparable(then: TaskScore, now: TaskScore | None) -> bool:
    spoken = now is not None and then.layer == now.layer and then.layer != "person"
    return spoken and not any(step.startswith(PREVIOUS) for step in then.steps)


def _same(then: TaskScore, now: TaskScore) -> bool:
    return then.value == now.value and then.classes == now.classes


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
        ordered = sorted(shares.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
        found.append(
            ProductContributions(
                product_id=recommendation.product_id,
                task=main.task,
                class_name=main.class_name,
                values={name: sign * value for name, value in ordered[:NAMED] if value},
                rest=sign * sum(value for _, value in ordered[NAMED:]),
            )
        )
    return found
