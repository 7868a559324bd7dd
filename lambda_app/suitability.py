"""The hard caps: no product above the risk that suits the customer, and what is unknown counts against the product.

Korean Financial Consumer Protection Act, art. 17 (suitability); design section 6, step 6. There is no switch.
"""

from __future__ import annotations

from dataclasses import dataclass

from understudy.contracts.api import CustomerProfile
from understudy.contracts.catalog import Product, SuitabilityPolicy

__all__ = ["RiskCap", "risk_cap", "unsuitable"]


@dataclass(frozen=True)
class RiskCap:
    """The highest product risk that suits a customer (None: none does), and the rule that set it."""

    level: int | None
    rule: str


def risk_cap(profile: CustomerProfile, policy: SuitabilityPolicy) -> RiskCap:
    """The lowest of the customer's tolerance and the caps for seniors and for low incomes.

    Unknown tolerance: nothing suits. Unknown age counts as senior, unknown income as low.
    """
    if profile.risk_tolerance is None:
        return RiskCap(None, "risk tolerance unknown")
    caps = [RiskCap(profile.risk_tolerance, "risk tolerance")]
    if profile.age is None or profile.age >= policy.senior_age:
        rule = "age unknown" if profile.age is None else f"age {policy.senior_age} or over"
        caps.append(RiskCap(policy.senior_max_risk, rule))
    if profile.income_krw is None or profile.income_krw < policy.low_income_krw:
        rule = "income unknown" if profile.income_krw is None else f"income under {policy.low_income_krw:,.0f} KRW"
        caps.append(RiskCap(policy.low_income_max_risk, rule))
    return min(caps, key=lambda cap: cap.level or 0)


def unsuitable(product: Product, cap: RiskCap) -> str | None:
    """Why ``product`` must not be recommended, or None."""
    if cap.level is None:
        return f"suitability: {cap.rule}"
    if product.risk_level is None:
        return "suitability: product risk unknown"
    if product.risk_level > cap.level:
        return f"suitability: product risk {product.risk_level} above {cap.level} ({cap.rule})"
    return None
