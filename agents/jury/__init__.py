"""Three perspectives on what the checklist could not pass, an arbiter, and a memory of past cases and of dissent."""

from agents.jury.arbiter import arbitrate
from agents.jury.ballot import Ballot
from agents.jury.case import Case, TurnedOut
from agents.jury.case_store import CaseStore
from agents.jury.judges import Judge, ModelJudge, bedrock_judges
from agents.jury.jury import Jury
from agents.jury.minority import MinorityRecord, minority_record
from agents.jury.shared_cases import open_cases

__all__ = [
    "Ballot",
    "Case",
    "CaseStore",
    "Judge",
    "Jury",
    "MinorityRecord",
    "ModelJudge",
    "TurnedOut",
    "arbitrate",
    "bedrock_judges",
    "minority_record",
    "open_cases",
]
