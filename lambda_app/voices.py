"""Who speaks for each task and product of one request, when switches ordain somebody else than the students."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambda_app.kill_switch import Orders
from lambda_app.router import Router, Scoring
from understudy.contracts.api import CustomerRecord, TaskScore
from understudy.contracts.catalog import Catalog
from understudy.contracts.oversight import Strategy

__all__ = ["Hearing", "Voices", "hear"]


@dataclass(frozen=True)
class Hearing:
    """Whom the scores are of, and under which limits; see `Router.score`.

    ``earlier`` is the record under the previous champion's feature schema.
    """

    record: CustomerRecord | None
    earlier: CustomerRecord | None
    opted_out: bool
    unfit: str = ""


@dataclass(frozen=True)
class Voices:
    """Scores, and who gave them.

    Attributes:
        scoring: Of every task, as it is answered.
        speakers: Task -> who scored it, and with what; its contributions come from there.
        apart: Product -> the scores that its rank is made of, where they are not those of ``scoring``.
    """

    scoring: Scoring
    speakers: Mapping[str, tuple[Router, Scoring]]
    apart: Mapping[str, Mapping[str, TaskScore]] = field(default_factory=dict)


def hear(router: Router, previous: Router | None, hearing: Hearing, orders: Orders, catalog: Catalog) -> Voices:
    """Score every task by whom ``orders`` ordain; a model that is switched off is not even asked."""
    stopped = {task: f"kill switch: {strategy}" for task, strategy in orders.tasks.items()}
    own = router.score(hearing.record, opted_out=hearing.opted_out, unfit=hearing.unfit, stopped=stopped)
    speakers = dict.fromkeys(own.tasks, (router, own))
    wants_previous = "previous" in {*orders.tasks.values(), *orders.products.values()}
    former = _former(previous, hearing, own.tasks) if previous and wants_previous else None
    scores = dict(own.tasks)
    if previous is not None and former is not None:
        for task, score in former.tasks.items():
            if orders.tasks.get(task) == "previous":
                scores[task] = _by_previous(score, own.tasks[task])
                speakers[task] = (previous, former)
    scoring = Scoring(scores, own.vector, own.missing)
    apart = {
        product.id: _apart(strategy, router, former, hearing)
        for product in catalog.products
        if (strategy := orders.products.get(product.id)) in ("rules", "previous")
    }
    return Voices(scoring, speakers, apart)


def _former(previous: Router, hearing: Hearing, tasks: Mapping[str, TaskScore]) -> Scoring:
    """The previous champion's scores of the tasks that it shares with this one, class by class."""
    found = previous.score(hearing.earlier, opted_out=hearing.opted_out, unfit=hearing.unfit)
    alike = {
        task: score
        for task, score in found.tasks.items()
        if task in tasks and (score.classes or {}).keys() == (tasks[task].classes or {}).keys()
    }
    return Scoring(alike, found.vector, found.missing)


def _by_previous(score: TaskScore, own: TaskScore) -> TaskScore:
    steps = [*own.steps, *(f"previous model: {step}" for step in score.steps)]
    return score.model_copy(update={"steps": steps})


def _apart(
    strategy: Strategy | None, router: Router, former: Scoring | None, hearing: Hearing
) -> Mapping[str, TaskScore]:
    ruled = router.score(hearing.record, opted_out=hearing.opted_out, unfit="kill switch: rules").tasks
    # A task that the previous champion does not know is left to the rules, not to the model that was switched off.
    return ruled if strategy == "rules" or former is None else {**ruled, **former.tasks}
