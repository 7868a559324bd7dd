"""The 53 items of the operations and audit checklist, each bound to something that the one path writes."""

from agents.checklist.evaluate import evaluate, status_of
from agents.checklist.items import load_items
from agents.checklist.night import Night
from agents.checklist.papers import MissingEvidenceError, Papers
from agents.checklist.registry import measure

__all__ = ["MissingEvidenceError", "Night", "Papers", "evaluate", "load_items", "measure", "status_of"]
