"""Recipes that are fitted: on the training rows only, and then applied to every row, offline and online alike."""

from teacher.features.fitted.stage import apply_fits, fit_recipes

__all__ = ["apply_fits", "fit_recipes"]
