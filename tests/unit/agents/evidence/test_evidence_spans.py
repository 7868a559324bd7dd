"""The day's part of each chain, against looking at every entry."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agents.evidence.spans import bounds, day_spans
from understudy.audit import Keyring
from understudy.audit.envelope import GENESIS, pack
from understudy.audit.heads import pack_head

RING = Keyring("k1", {"k1": b"x" * 32})
BEGIN = datetime(2026, 3, 4, tzinfo=UTC)
DAY = "2026-03-05"


class Store:
    """Chains of entries by their times in hours; some entries are missing or damaged."""

    def __init__(self, chains: dict[str, list[int]], missing: set[int], damaged: set[int], forged: set[str]) -> None:
        self.reads = 0
        self._forged = forged
        self._chains = {
            writer: {
                seq: b"{}" if seq in damaged else _entry(writer, seq, hour)
                for seq, hour in enumerate(sorted(hours), start=1)
                if seq not in missing
            }
            for writer, hours in chains.items()
        }
        self._lengths = {writer: len(hours) for writer, hours in chains.items()}

    def heads(self) -> Iterator[tuple[bytes, bytes]]:
        for writer, last in self._lengths.items():
            yield writer.encode(), b"forged" if writer in self._forged else pack_head(RING, writer, last, "0" * 64)

    def chain(self, writer: str, after: int) -> Iterator[Any]:
        return iter([(writer, seq, None, body) for seq, body in self._chains[writer].items() if seq > after])

    def get_entry(self, writer: str, seq: int) -> bytes | None:
        self.reads += 1
        return self._chains[writer].get(seq)


def _entry(writer: str, seq: int, hour: int) -> bytes:
    at = (BEGIN + timedelta(hours=hour)).isoformat(timespec="microseconds")
    return pack(RING, "operation", writer, seq, at, GENESIS, None, b"{}")[0]


chains = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.lists(st.integers(0, 71), min_size=1, max_size=30), min_size=1
)


@settings(max_examples=150, deadline=None)
@given(chains)
def test_a_day_is_what_its_times_say(times: dict[str, list[int]]) -> None:
    spans, cursor = day_spans(Store(times, set(), set(), set()), RING, DAY)  # type: ignore[arg-type]
    found = {span.writer: (span.first, span.last) for span in spans}
    for writer, hours in times.items():
        inside = [seq for seq, hour in enumerate(sorted(hours), start=1) if 24 <= hour < 48]
        assert found.get(writer) == ((inside[0], inside[-1]) if inside else None)
        assert cursor[writer] == sum(hour < 48 for hour in hours)


@settings(max_examples=100, deadline=None)
@given(chains, st.sets(st.integers(1, 30)), st.sets(st.integers(1, 30)), st.sets(st.sampled_from(["a", "b"])))
def test_damage_loses_no_entry_that_is_whole(
    times: dict[str, list[int]], missing: set[int], damaged: set[int], forged: set[str]
) -> None:
    spans, _ = day_spans(Store(times, missing, damaged, forged), RING, DAY)  # type: ignore[arg-type]
    covered = {(span.writer, seq) for span in spans for seq in range(span.first, span.last + 1)}
    whole = {
        (writer, seq)
        for writer, hours in times.items()
        for seq, hour in enumerate(sorted(hours), start=1)
        if 24 <= hour < 48 and seq not in missing | damaged
    }
    assert whole <= covered


@settings(max_examples=60, deadline=None)
@given(chains)
def test_an_earlier_cursor_changes_nothing(times: dict[str, list[int]]) -> None:
    store: Any = Store(times, set(), set(), set())
    _, before = day_spans(store, RING, "2026-03-04")
    assert day_spans(store, RING, DAY, before) == day_spans(store, RING, DAY)
    _, old = day_spans(store, RING, "2026-03-03")
    assert day_spans(store, RING, DAY, old) == day_spans(store, RING, DAY)


def test_a_chain_that_has_not_grown_costs_no_read() -> None:
    store: Any = Store({"a": [1] * 1000}, set(), set(), set())
    _, cursor = day_spans(store, RING, "2026-03-04")
    store.reads = 0
    assert day_spans(store, RING, DAY, cursor)[0] == []
    assert store.reads == 0


def test_a_day_has_the_instants_that_entries_write() -> None:
    assert bounds(DAY) == ("2026-03-05T00:00:00.000000+00:00", "2026-03-06T00:00:00.000000+00:00")
