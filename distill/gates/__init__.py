"""The gates: may each student stand in for the teacher?"""

from distill.gates._evaluate import evaluate_gates
from distill.gates._reachable import require_reachable

__all__ = ["evaluate_gates", "require_reachable"]
