"""The leakage gate: what must be true of prepared data before anything is trained on it."""

from teacher.leakage.findings import Check, Evidence
from teacher.leakage.gate import GateInputs, leakage_report, refuse_leaks, run_gate

__all__ = ["Check", "Evidence", "GateInputs", "leakage_report", "refuse_leaks", "run_gate"]
