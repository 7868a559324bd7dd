"""The prompt whose sentences are in use."""

__all__ = ["PROMPT"]

PROMPT = "reason_sentence"
