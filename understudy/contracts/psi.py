"""Reference distributions of the features, against which serving traffic is compared (population stability index)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from understudy.contracts._model import Contract

__all__ = ["CategoryShares", "FeatureReference", "NumericBins", "PsiReference"]

Share = Annotated[float, Field(ge=0, le=1)]
# Shares are written with 12 digits, so that a sum over many bins may miss 1 by a little.
TOLERANCE = 1e-6


class NumericBins(Contract):
    """Shares of the training rows in ``(-inf, edges[0])``, ``[edges[i-1], edges[i])``, ``[edges[-1], inf)``, missing.

    ``shares`` (one more than ``edges``) and ``missing`` sum to 1.
    """

    kind: Literal["numeric"] = "numeric"
    edges: list[float]
    shares: list[Share]
    missing: Share

    @model_validator(mode="after")
    def _consistent(self) -> NumericBins:
        if len(self.shares) != len(self.edges) + 1:
            raise ValueError(f"{len(self.edges)} edges need {len(self.edges) + 1} shares, not {len(self.shares)}")
        if any(a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("edges must increase strictly")
        _sums_to_one([*self.shares, self.missing])
        return self


class CategoryShares(Contract):
    """Shares of the training rows per category of the feature's vocabulary, and missing; they sum to 1."""

    kind: Literal["categorical"] = "categorical"
    shares: dict[str, Share]
    missing: Share

    @model_validator(mode="after")
    def _consistent(self) -> CategoryShares:
        _sums_to_one([*self.shares.values(), self.missing])
        return self


FeatureReference = Annotated[NumericBins | CategoryShares, Field(discriminator="kind")]


class PsiReference(Contract):
    """One reference per feature of the students, over ``rows`` training rows."""

    schema_version: Literal[1] = 1
    rows: int = Field(ge=1)
    features: dict[str, FeatureReference] = Field(min_length=1)


def _sums_to_one(shares: list[float]) -> None:
    if abs(sum(shares) - 1) > TOLERANCE:
        raise ValueError(f"shares and missing must sum to 1, not {sum(shares):.6f}")
