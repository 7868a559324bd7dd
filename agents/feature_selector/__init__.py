"""Chooses the business facts that explain a recommendation."""

from agents.feature_selector.selection import Selection, select_facts

__all__ = ["Selection", "select_facts"]
