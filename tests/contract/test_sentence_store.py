"""Sentences and spending, on both stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from understudy.contracts.sentences import SentenceKey, StoredSentence
from understudy.stores import ServingStore

LIMITS = {"tokens": 100, "micro_usd": 1000}


def sentence(signature: str = "a+few", text: str = "{product}", **changes: object) -> StoredSentence:
    key = SentenceKey(signature=signature, product="p", locale="ko", channel="app", prompt="s@1", model="m")
    fields = {"key": key, "status": "ready", "text": text, "written_at": "2026-11-21T00:00:00Z"}
    return StoredSentence.model_validate(fields | changes)


def test_only_what_exists_is_read(store: ServingStore) -> None:
    one, two = sentence("a+few"), sentence("b+-", status="refused", text="", attempts=2, note="no")
    for each in (one, two):
        store.put_sentence(each)
    found = store.read_sentences([one.key.id, two.key.id, sentence("c+-").key.id])
    assert found == {one.key.id: one, two.key.id: two}
    assert store.read_sentences([]) == {}


def test_a_sentence_is_replaced(store: ServingStore) -> None:
    store.put_sentence(sentence(status="refused", text=""))
    store.put_sentence(sentence(text="{product|은는} {fact1}"))
    assert store.read_sentences([sentence().key.id])[sentence().key.id].text == "{product|은는} {fact1}"


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "z+-"},
        {"product": "q"},
        {"locale": "en"},
        {"channel": "branch"},
        {"prompt": "s@2"},
        {"model": "n"},
    ],
)
def test_every_part_of_the_key_counts(change: dict[str, str]) -> None:
    key = sentence().key
    assert key.model_copy(update=change).id != key.id


def test_keys_asked_for_twice_are_read_once(store: ServingStore) -> None:
    store.put_sentence(sentence())
    assert list(store.read_sentences([sentence().key.id] * 2)) == [sentence().key.id]


def test_spending_stops_at_either_limit(store: ServingStore) -> None:
    assert store.spend("reasons#2026-11", {"tokens": 60, "micro_usd": 10}, LIMITS)
    assert not store.spend("reasons#2026-11", {"tokens": 41, "micro_usd": 10}, LIMITS), "all or nothing"
    assert not store.spend("reasons#2026-11", {"tokens": 1, "micro_usd": 991}, LIMITS)
    assert store.spend("reasons#2026-11", {"tokens": 40, "micro_usd": 990}, LIMITS), "the limit itself may be reached"
    assert store.spent("reasons#2026-11") == {"tokens": 100, "micro_usd": 1000}
    assert store.spent("reasons#2026-12") == {"tokens": 0, "micro_usd": 0}
    assert not store.spend("new", {"tokens": 101, "micro_usd": 0}, LIMITS)


def test_what_is_given_back_can_be_spent_again(store: ServingStore) -> None:
    assert store.spend("x", {"tokens": 100, "micro_usd": 0}, LIMITS)
    store.give_back("x", {"tokens": 70, "micro_usd": 0})
    assert store.spent("x")["tokens"] == 30
    assert store.spend("x", {"tokens": 70, "micro_usd": 0}, LIMITS)


def test_spenders_at_once_never_exceed_the_limit(store: ServingStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        granted = list(pool.map(lambda _: store.spend("y", {"tokens": 7, "micro_usd": 1}, LIMITS), range(40)))
    assert sum(granted) == 14
    assert store.spent("y") == {"tokens": 98, "micro_usd": 14}
