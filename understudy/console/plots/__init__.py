"""Pictures in SVG, made here: each has a title, a description, and the table that it was drawn from."""

from understudy.console.plots.bars import Bar, bars
from understudy.console.plots.forest import Span, forest
from understudy.console.plots.series import Level, Spot, series

__all__ = ["Bar", "Level", "Span", "Spot", "bars", "forest", "series"]
