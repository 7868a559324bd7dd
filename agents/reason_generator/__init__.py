"""Writes the sentence that explains a recommendation."""

from agents.reason_generator.generator import Channel, ReasonGenerator
from agents.reason_generator.templates import load_templates

__all__ = ["Channel", "ReasonGenerator", "load_templates"]
