"""Layer 3: rules that need no model."""

from distill.rules._rates import PRIOR_ROWS, fit_rules

__all__ = ["PRIOR_ROWS", "fit_rules"]
