"""What production decisions say, night by night: drift, fairness, fidelity, calibration, herding, service."""

from agents.monitors.actions import Executors, act
from agents.monitors.config import MonitorConfig, Policy
from agents.monitors.day import Breach
from agents.monitors.executors import FolderAlarms, SnsAlarms, StoredKillSwitches, open_retraining
from agents.monitors.run import MonitorNight, run_monitors
from agents.monitors.shadow import ShadowScores
from agents.monitors.teacher_scores import score_shadow

__all__ = [
    "Breach",
    "Executors",
    "FolderAlarms",
    "MonitorConfig",
    "MonitorNight",
    "Policy",
    "ShadowScores",
    "SnsAlarms",
    "StoredKillSwitches",
    "act",
    "open_retraining",
    "run_monitors",
    "score_shadow",
]
