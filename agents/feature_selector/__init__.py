"""Chooses the business facts that explain a recommendation."""

from agents.feature_selector.completeness import refuse_gaps
from agents.feature_selector.selection import FeatureSelector, Selection, select_facts

__all__ = ["FeatureSelector", "Selection", "refuse_gaps", "select_facts"]
