"""Watches operations: collects a day's evidence, diagnoses it, and reports it to people."""

from agents.ops_agent.agent import Judged, judge
from agents.ops_agent.breaches import load_rules
from agents.ops_agent.why import Answer, answer, put_better

__all__ = ["Answer", "Judged", "answer", "judge", "load_rules", "put_better"]
