"""What production decisions say, night by night: drift, fairness, fidelity, calibration, herding, service."""

from agents.monitors.config import MonitorConfig, Policy
from agents.monitors.day import Breach
from agents.monitors.run import MonitorNight, run_monitors
from agents.monitors.shadow import ShadowScores

__all__ = ["Breach", "MonitorConfig", "MonitorNight", "Policy", "ShadowScores", "run_monitors"]
