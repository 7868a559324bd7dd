"""One decision: scores, ranking, caps and reasons for one customer. Pure: no clock, no store, no ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from lambda_app.coherence import check_coherence
from lambda_app.logs import log
from lambda_app.native import EngineError
from lambda_app.ranking import Candidate, Ranking, rank
from lambda_app.reasons import Explained, Explainer
from lambda_app.review import review_tier
from lambda_app.router import Router, Scoring
from lambda_app.suitability import RiskCap, risk_cap
from understudy.bundle import Bundle
from understudy.contracts.api import CustomerProfile, CustomerRecord, Recommendation, RecommendationRequest

__all__ = ["Decider", "Decision"]


@dataclass(frozen=True)
class Decision:
    """Everything that was computed for one request. ``explained`` goes with ``recommendations``, place by place."""

    scoring: Scoring
    cap: RiskCap
    ranking: Ranking
    recommendations: list[Recommendation]
    explained: list[Explained]


class Decider:
    """Decides by one bundle.

    Raises:
        BundleError: the bundle's documents do not fit each other.
        UserError: its texts, or the safety rules, are unusable.
    """

    def __init__(self, bundle: Bundle) -> None:
        check_coherence(bundle)
        self.bundle = bundle
        self.router = Router(bundle)
        self._catalog = bundle.catalog
        self._explainer = Explainer(bundle)

    def decide(
        self,
        request: RecommendationRequest,
        record: CustomerRecord | None,
        *,
        opted_out: bool,
        contacts: Sequence[str],
        now: datetime,
        unfit: str = "",
    ) -> Decision:
        """Decide for the customer of ``record``; None (it could not be read) leaves everything about them unknown.

        ``unfit`` says why students may not read the record (see `Router.score`).
        """
        profile = record.profile if record else CustomerProfile()
        scoring = self.router.score(record, opted_out=opted_out, unfit=unfit)
        cap = risk_cap(profile, self._catalog.suitability)
        ranking = rank(self._catalog, scoring.tasks, profile, cap, contacts, now, request.top_k)
        told = None if opted_out else record
        # Products often share their main driver, and its contributions are the dearest part of a request.
        contributions = cache(partial(self._contributions, scoring)) if told else _none
        explained = [
            self._explainer.explain(
                candidate.product,
                contributions(candidate.main.task, candidate.main.class_name, candidate.main.complement),
                told,
                cap,
                locale=request.locale,
                channel=request.channel,
            )
            for candidate in ranking.recommended
        ]
        recommendations = [
            self._recommendation(place, candidate, request, found)
            for place, (candidate, found) in enumerate(zip(ranking.recommended, explained, strict=True), start=1)
        ]
        return Decision(scoring, cap, ranking, recommendations, explained)

    def _contributions(self, scoring: Scoring, task: str, class_name: str | None, complement: bool) -> dict[str, float]:
        """What argues for a driver, feature by feature."""
        try:
            found = self.router.contributions(scoring, task, class_name)
        except EngineError as error:
            # The recommendation stands on its score; it is then told without facts.
            log("contributions_failed", task=task, error=str(error))
            return {}
        return {name: -value for name, value in found.items()} if complement else found

    def _recommendation(
        self, place: int, candidate: Candidate, request: RecommendationRequest, explained: Explained
    ) -> Recommendation:
        product = candidate.product
        return Recommendation(
            rank=place,
            product_id=product.id,
            name=product.name[request.locale],
            family=product.family,
            score=candidate.score,
            drivers=candidate.drivers,
            reason=explained.reason,
            review_tier=review_tier(product, candidate.score, self._catalog.policy.min_score),
        )


def _none(task: str, class_name: str | None, complement: bool) -> dict[str, float]:
    """No contributions: nobody's record was read."""
    del task, class_name, complement
    return {}
