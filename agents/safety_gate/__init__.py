"""Checks every text before it is delivered, and every free text before it is used."""

from agents.safety_gate.findings import Finding, Verdict
from agents.safety_gate.gate import SafetyGate
from agents.safety_gate.rulebook import SafetyRules, load_rules
from agents.safety_gate.screening import refuse_unsafe, screen_catalog, screen_glossary

__all__ = [
    "Finding",
    "SafetyGate",
    "SafetyRules",
    "Verdict",
    "load_rules",
    "refuse_unsafe",
    "screen_catalog",
    "screen_glossary",
]
