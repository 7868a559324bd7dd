"""finsynth: a generated retail bank whose labels have known truth. docs/finsynth.md gives its equations."""

from teacher.datasets.finsynth.bank import TABLES, generate
from teacher.datasets.finsynth.config import SIGNALS, FinsynthConfig, SignalName

__all__ = ["SIGNALS", "TABLES", "FinsynthConfig", "SignalName", "generate"]
