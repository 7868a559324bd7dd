"""One decision: scores, ranking, caps and reasons for one customer. Pure: no clock, no store, no ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial

from agents.reason_generator import Channel as Tone
from lambda_app.coherence import check_coherence
from lambda_app.consent import contact_refusal
from lambda_app.kill_switch import Orders
from lambda_app.logs import log
from lambda_app.native import EngineError
from lambda_app.ranking import Bars, Candidate, Ranking, rank
from lambda_app.reasons import Explained, Explainer
from lambda_app.review import Assignment, assign_tier
from lambda_app.router import Router, Scoring
from lambda_app.sentences import NO_SENTENCES, Sentences
from lambda_app.suitability import RiskCap, risk_cap
from lambda_app.teaching import teacher_gates
from lambda_app.voices import Hearing, Voices, hear
from understudy.bundle import Bundle
from understudy.contracts.api import CustomerProfile, CustomerRecord, Recommendation, RecommendationRequest
from understudy.contracts.catalog import Product
from understudy.contracts.rights import Channel, Restriction

__all__ = ["Decider", "Decision", "Limits"]

# In which of the two tones the templates have a channel is spoken to: read out by a person, or read on a screen.
TONES: dict[Channel, Tone] = {"branch": "branch", "phone": "branch"}


@dataclass(frozen=True)
class Limits:
    """What the customer's rights and people's switches set for one request.

    Attributes:
        restriction: How far processing is restricted.
        channels: What the customer said about each channel.
        orders: What the kill switches ordain.
        previous: The previous champion, where they may ask for it.
        earlier: The customer's record under its feature schema.
    """

    restriction: Restriction = "none"
    channels: Mapping[Channel, bool] = field(default_factory=dict)
    orders: Orders = field(default_factory=Orders)
    previous: Router | None = None
    earlier: CustomerRecord | None = None


NO_LIMITS = Limits()
# Layer 4: the score rests on what holds for everybody, so a person decides.
NOBODY_KNOWS = Assignment(3, "nobody-knows")


@dataclass(frozen=True)
class Decision:
    """Everything that was computed for one request.

    ``explained`` and ``tiers`` go with ``recommendations``, place by place. ``teacher`` is what `teacher_gates` says.
    """

    scoring: Scoring
    cap: RiskCap
    ranking: Ranking
    recommendations: list[Recommendation]
    explained: list[Explained]
    tiers: list[Assignment]
    teacher: dict[str, dict[str, float]] = field(default_factory=dict)


class Decider:
    """Decides by one bundle.

    Raises:
        BundleError: the bundle's documents do not fit each other.
        UserError: its texts, or the safety rules, are unusable.
    """

    def __init__(self, bundle: Bundle, sentences: Sentences = NO_SENTENCES) -> None:
        check_coherence(bundle)
        self.bundle = bundle
        self.router = Router(bundle)
        self._catalog = bundle.catalog
        self._explainer = Explainer(bundle, sentences)

    def without_sentences(self) -> Decider:
        """The same models and rules with templates alone, for who decides again what was decided before."""
        silent = copy(self)
        silent._explainer = Explainer(self.bundle, NO_SENTENCES)
        return silent

    def decide(
        self,
        request: RecommendationRequest,
        record: CustomerRecord | None,
        *,
        opted_out: bool,
        contacts: Sequence[str],
        now: datetime,
        unfit: str = "",
        limits: Limits = NO_LIMITS,
    ) -> Decision:
        """Decide for the customer of ``record``; None (it could not be read) leaves everything about them unknown.

        ``unfit`` says why students may not read the record (see `Router.score`).
        """
        profile = record.profile if record else CustomerProfile()
        unseen = opted_out or limits.restriction != "none"
        hearing = Hearing(record, limits.earlier, unseen, unfit)
        voices = hear(self.router, limits.previous, hearing, limits.orders, self._catalog)
        cap = risk_cap(profile, self._catalog.suitability)
        bars = self._bars(request.channel, limits, voices, now)
        ranking = rank(self._catalog, voices.scoring.tasks, profile, cap, contacts, now, request.top_k, bars)
        explained = self._explained(request, ranking, voices, None if unseen else record, cap)
        tiers = [self._tier(candidate, profile.age, voices) for candidate in ranking.recommended]
        recommendations = [
            self._recommendation(place, candidate, request, found, tier)
            for place, (candidate, found, tier) in enumerate(
                zip(ranking.recommended, explained, tiers, strict=True), start=1
            )
        ]
        taught = teacher_gates(ranking.recommended, voices)
        return Decision(voices.scoring, cap, ranking, recommendations, explained, tiers, taught)

    def reword(self, recommendation: Recommendation, text: str) -> Recommendation | list[str]:
        """The recommendation with a person's words, or in words what the Safety Gate has against them."""
        product = next((p for p in self._catalog.products if p.id == recommendation.product_id), None)
        reason = recommendation.reason.model_copy(update={"text": text, "note": "worded by a reviewer"})
        if product is None:
            return ["the product is no longer in the catalog"]
        verdict = self._explainer.judge(reason, product)
        if not verdict.passed:
            return sorted({f"{one.rule_id} ({one.message})" for one in verdict.findings if one.severity == "block"})
        return recommendation.model_copy(update={"reason": reason})

    def _bars(self, channel: Channel, limits: Limits, voices: Voices, now: datetime) -> Bars:
        orders = limits.orders
        undecided = "restriction: no automated decision" if limits.restriction == "no_decision" else ""
        refused = contact_refusal(channel, limits.channels, self._catalog.contact, now) or ""
        products = _disabled(self._catalog.products, orders)
        return Bars(orders.stopped or undecided or refused, products, voices.apart)

    def _explained(
        self,
        request: RecommendationRequest,
        ranking: Ranking,
        voices: Voices,
        told: CustomerRecord | None,
        cap: RiskCap,
    ) -> list[Explained]:
        # Products often share their main driver, and its contributions are the dearest part of a request.
        contributions = cache(partial(self._contributions, voices)) if told else _none
        # The contributions of a score that did not rank the product would tell of something else.
        products = [
            (
                candidate.product,
                {}
                if candidate.product.id in voices.apart
                else contributions(candidate.main.task, candidate.main.class_name, candidate.main.complement),
            )
            for candidate in ranking.recommended
        ]
        channel = TONES.get(request.channel, "app")
        return self._explainer.explain(products, told, cap, locale=request.locale, channel=channel)

    def _tier(self, candidate: Candidate, age: float | None, voices: Voices) -> Assignment:
        catalog = self._catalog
        scores = voices.apart.get(candidate.product.id, voices.scoring.tasks)
        if any(scores[driver.task].layer == "person" for driver in candidate.product.drivers):
            return NOBODY_KNOWS
        return assign_tier(candidate.product, candidate.score, age, catalog.policy.min_score, catalog.review)

    def _contributions(self, voices: Voices, task: str, class_name: str | None, complement: bool) -> dict[str, float]:
        """What argues for a driver, feature by feature."""
        try:
            router, scoring = voices.speakers[task]
            found = router.contributions(scoring, task, class_name)
        except EngineError as error:
            # The recommendation stands on its score; it is then told without facts.
            log("contributions_failed", task=task, error=str(error))
            return {}
        return {name: -value for name, value in found.items()} if complement else found

    def _recommendation(
        self,
        place: int,
        candidate: Candidate,
        request: RecommendationRequest,
        explained: Explained,
        assignment: Assignment,
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
            review_tier=assignment.tier,
        )


def _none(task: str, class_name: str | None, complement: bool) -> dict[str, float]:
    """No contributions: nobody's record was read."""
    del task, class_name, complement
    return {}


def _disabled(products: Sequence[Product], orders: Orders) -> dict[str, str]:
    """Product -> which kill switch disables it, itself or a task that it is ranked by."""
    if not orders.products and not orders.tasks:
        return {}
    found = {}
    for product in products:
        disabled = sorted(driver.task for driver in product.drivers if orders.tasks.get(driver.task) == "disable")
        if orders.products.get(product.id) == "disable":
            found[product.id] = f"kill switch product:{product.id}: disabled"
        elif disabled:
            found[product.id] = f"kill switch task:{disabled[0]}: disabled"
    return found
