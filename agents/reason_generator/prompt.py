"""The prompts in use: of the sentences, and of the judge that reads them."""

__all__ = ["JUDGE_PROMPT", "PROMPT"]

PROMPT = "reason_sentence"
JUDGE_PROMPT = "safety_judge"
