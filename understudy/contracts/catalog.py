"""Products, the families that labels and rankings share, and the policy by which the function ranks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from understudy.contracts._model import Contract, Name, Text

__all__ = ["Catalog", "Driver", "Product", "ProductType", "ServingPolicy", "SuitabilityPolicy", "Terms"]

ProductType = Literal["deposit", "investment", "insurance", "loan", "card", "account", "service"]
Percent = Annotated[float, Field(ge=0, le=100)]


class Driver(Contract):
    """One term of a product's utility: ``weight`` times the score of ``task`` (of ``class_name``, if multiclass).

    ``complement`` takes one minus the score (for example the probability of *not* churning).
    """

    task: Name
    class_name: str | None = None
    weight: float = Field(gt=0)
    complement: bool = False


class Terms(Contract):
    """The facts that an advertisement of the product must state (percent a year, before tax)."""

    rate_min: Percent | None = None
    rate_max: Percent | None = None
    rate_basis: Text | None = None
    late_rate_max: Percent | None = None
    preferential_condition: Text | None = None
    eligibility: Text | None = None
    deposit_protected: bool | None = None
    principal_loss_possible: bool | None = None


class Product(Contract):
    """One product. ``risk_level`` 1 (lowest) to 5; unknown (absent) blocks the product for everybody."""

    id: Name
    name: Text
    family: Name
    type: ProductType
    risk_level: int | None = Field(default=None, ge=1, le=5)
    seller: Text
    terms: Terms = Terms()
    drivers: list[Driver] = Field(min_length=1)
    min_age: int | None = Field(default=None, ge=0)
    max_age: int | None = Field(default=None, ge=0)


class ServingPolicy(Contract):
    """Ranking thresholds (design section 6, step 5)."""

    min_score: float = Field(default=0.10, ge=0, le=1)
    churn_task: Name | None = None
    max_churn: float = Field(default=0.70, ge=0, le=1)
    max_contacts: int = Field(default=3, ge=1)
    contact_days: int = Field(default=7, ge=1)
    default_top_k: int = Field(default=3, ge=1, le=10)
    ask_person: bool = Field(
        default=False,
        description="Layer 4: of a customer whom neither a student nor a rule knows, a person decides (review tier 3);"
        " off: the rate of everybody speaks",
    )
    max_record_age_days: int | None = Field(
        default=None,
        ge=1,
        description="older feature records are left to the rules; None: any age, shown in the answer",
    )


class SuitabilityPolicy(Contract):
    """Caps that may be tightened, never loosened: the contract refuses a value laxer than the default."""

    senior_age: int = Field(default=65, le=65)
    senior_max_risk: int = Field(default=2, le=2, ge=0)
    low_income_krw: float = Field(default=30_000_000, ge=30_000_000)
    low_income_max_risk: int = Field(default=3, le=3, ge=0)


class ContactPolicy(Contract):
    """When the bank may approach a customer: never in the quiet hours, which may be longer than here, not shorter.

    Default: 21:00 to 08:00 in Korea (Act on Promotion of Information and Communications Network Utilization, art. 50).
    """

    quiet_from: int = Field(default=21, ge=18, le=21, description="local hour at which the quiet hours begin")
    quiet_until: int = Field(default=8, ge=8, le=12, description="local hour at which they end")
    utc_offset_hours: float = Field(default=9, ge=-12, le=14, description="local time; Korea has no summer time")


class ReviewRule(Contract):
    """Puts a recommendation into a tier if every condition that is given holds.

    ``min_risk`` also holds for a product of unknown risk; ``min_age`` for a customer of unknown age; ``within``: the
    score is at most so far above the ranking threshold.
    """

    name: Name
    tier: Literal[2, 3]
    types: list[ProductType] | None = None
    products: list[Name] | None = None
    min_risk: int | None = Field(default=None, ge=1, le=5)
    min_age: int | None = Field(default=None, ge=0)
    within: float | None = Field(default=None, gt=0, le=1)


REVIEW_RULES = [
    ReviewRule(name="highest-risk", tier=3, min_risk=5),
    ReviewRule(name="risk", tier=2, min_risk=4),
    ReviewRule(name="loan", tier=2, types=["loan"]),
    ReviewRule(name="near-threshold", tier=2, within=0.05),
]


class ReviewPolicy(Contract):
    """Which recommendations a person looks at (design section 6, step 7); of several rules the highest tier counts."""

    rules: list[ReviewRule] = REVIEW_RULES
    sample_rate: float = Field(default=0.05, ge=0, le=1, description="share of tier 1 that is queued, by request id")
    hours: dict[Literal["1", "2", "3"], Annotated[int, Field(ge=1, le=720)]] = Field(
        default={"1": 168, "2": 24, "3": 72}, description="tier -> hours until a review expires"
    )

    @model_validator(mode="after")
    def _every_tier_has_hours(self) -> ReviewPolicy:
        if set(self.hours) != {"1", "2", "3"}:
            raise ValueError("hours must name the tiers 1, 2 and 3")
        return self


class Catalog(Contract):
    """The product catalog of one dataset."""

    schema_version: Literal[1]
    families: dict[Name, Text]
    products: list[Product] = Field(min_length=1)
    policy: ServingPolicy = ServingPolicy()
    suitability: SuitabilityPolicy = SuitabilityPolicy()
    contact: ContactPolicy = ContactPolicy()
    review: ReviewPolicy = ReviewPolicy()

    @model_validator(mode="after")
    def _families_and_ids(self) -> Catalog:
        ids = [product.id for product in self.products]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"product named twice: {', '.join(twice)}")
        for product in self.products:
            if product.family not in self.families:
                raise ValueError(f"product {product.id!r} has the unknown family {product.family!r}")
        return self
