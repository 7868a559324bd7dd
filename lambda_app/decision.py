"""One decision: scores, ranking, caps and reasons for one customer. Pure: no clock, no store, no ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lambda_app.coherence import check_coherence
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
    ) -> Decision:
        """Decide for the customer of ``record``; None (it could not be read) leaves everything about them unknown."""
        profile = record.profile if record else CustomerProfile()
        scoring = self.router.score(record, opted_out=opted_out)
        cap = risk_cap(profile, self._catalog.suitability)
        ranking = rank(self._catalog, scoring.tasks, profile, cap, contacts, now, request.top_k)
        told = None if opted_out else record
        explained = [self._explain(request, candidate, scoring, told, cap) for candidate in ranking.recommended]
        recommendations = [
            self._recommendation(place, candidate, request, found)
            for place, (candidate, found) in enumerate(zip(ranking.recommended, explained, strict=True), start=1)
        ]
        return Decision(scoring, cap, ranking, recommendations, explained)

    def _explain(
        self,
        request: RecommendationRequest,
        candidate: Candidate,
        scoring: Scoring,
        record: CustomerRecord | None,
        cap: RiskCap,
    ) -> Explained:
        contributions = self._contributions(candidate, scoring) if record else {}
        return self._explainer.explain(
            candidate.product, contributions, record, cap, locale=request.locale, channel=request.channel
        )

    def _contributions(self, candidate: Candidate, scoring: Scoring) -> dict[str, float]:
        """What argues for the product's main driver, feature by feature."""
        driver = candidate.main
        try:
            found = self.router.contributions(scoring, driver.task, driver.class_name)
        except EngineError:
            return {}  # the recommendation stands on its score; it is then told without facts
        return {name: -value for name, value in found.items()} if driver.complement else found

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
