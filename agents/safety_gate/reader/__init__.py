"""Reads a text as a whole: how much it resembles texts that the law forbids, and texts that it allows."""

from agents.safety_gate.reader.model import Reader, Reading, open_reader
from agents.safety_gate.reader.traits import traits

__all__ = ["Reader", "Reading", "open_reader", "traits"]
