"""Re-verifies what the logs claim: chains, decisions, reasons, fairness, lineage and duties."""

from agents.audit_agent.agent import run_audit
from agents.audit_agent.period import Period, ended_before
from agents.audit_agent.replay import LambdaReplay, Replay, Replayed, ReplayError, open_replay

__all__ = ["LambdaReplay", "Period", "Replay", "ReplayError", "Replayed", "ended_before", "open_replay", "run_audit"]
