"""Which sentences a population of customers would ask for, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from agents.feature_selector.signature import unordered
from understudy.contracts._model import Locale
from understudy.contracts.sentences import SentenceKey

__all__ = ["demanded_keys"]


def demanded_keys(
    asked: Iterable[tuple[str, str]],
    *,
    locales: Sequence[Locale],
    channels: Sequence[str],
    prompt: str,
    model: str,
) -> list[tuple[SentenceKey, int]]:
    """Keys with their counts, the most frequent first (ties by id), for ``asked``: (signature, product) of each
    recommendation. Every language and tone is thought to be asked for alike.
    """
    counts = Counter((unordered(signature), product) for signature, product in asked)
    keys = [
        (
            SentenceKey.model_validate(
                {
                    "signature": signature,
                    "product": product,
                    "locale": locale,
                    "channel": channel,
                    "prompt": prompt,
                    "model": model,
                }
            ),
            count,
        )
        for (signature, product), count in counts.items()
        for locale in locales
        for channel in channels
    ]
    return sorted(keys, key=lambda pair: (-pair[1], pair[0].id))
