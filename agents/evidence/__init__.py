"""What the watching agents look at: the decisions of a day from the audit log, requests, artefacts, late outcomes."""

from agents.evidence.artefacts import Artefacts, open_artefacts
from agents.evidence.columns import LAYERS, Columns, Told
from agents.evidence.frame import Frame
from agents.evidence.groups import Grouping
from agents.evidence.history import History, days_before, open_history
from agents.evidence.labelled import Labelled, read_labelled
from agents.evidence.labels import Label, Labels, open_labels
from agents.evidence.reading import read_day
from agents.evidence.reference import Reference
from agents.evidence.request_metrics import FolderMetrics, RequestDay, RequestMetrics, open_request_metrics
from agents.evidence.settings import WatchSettings

__all__ = [
    "LAYERS",
    "Artefacts",
    "Columns",
    "FolderMetrics",
    "Frame",
    "Grouping",
    "History",
    "Label",
    "Labelled",
    "Labels",
    "Reference",
    "RequestDay",
    "RequestMetrics",
    "Told",
    "WatchSettings",
    "days_before",
    "open_artefacts",
    "open_history",
    "open_labels",
    "open_request_metrics",
    "read_day",
    "read_labelled",
]
