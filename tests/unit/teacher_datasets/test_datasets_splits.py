"""Splits follow from what a row is: its key, its features, the seed; never from its place."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.datasets.splits import assign_splits, row_digests, sample_rows, split_units
from understudy.contracts.spec import SplitSpec, TimeSplit

KEYS = st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=1, max_size=60)


@settings(max_examples=50, deadline=None)
@given(keys=KEYS, seed=st.integers(0, 5))
def test_groups_are_whole_and_order_is_irrelevant(keys: list[str], seed: int) -> None:
    split = assign_splits(keys, None, None, SplitSpec(), seed=seed)
    of = dict(zip(keys, split.split.tolist(), strict=True))
    assert all(of[key] == part for key, part in zip(keys, split.split.tolist(), strict=True))
    turned = assign_splits(keys[::-1], None, None, SplitSpec(), seed=seed)
    assert turned.split.tolist() == split.split.tolist()[::-1]


@settings(max_examples=50, deadline=None)
@given(pairs=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from("uvwxyz")), min_size=1, max_size=40))
def test_equal_rows_and_equal_keys_join_into_one_unit(pairs: list[tuple[str, str]]) -> None:
    keys, digests = [key for key, _ in pairs], [digest for _, digest in pairs]
    units, names = split_units(keys, digests)
    for a in range(len(pairs)):
        for b in range(len(pairs)):
            if keys[a] == keys[b] or digests[a] == digests[b]:
                assert units[a] == units[b]
    for unit, name in enumerate(names):
        assert name == min(digest for digest, u in zip(digests, units, strict=True) if u == unit)
    # No more is joined than must be: along a unit one can walk from row to row by a shared key or digest.
    for unit in set(units.tolist()):
        rows = [i for i in range(len(pairs)) if units[i] == unit]
        reached, waiting = {rows[0]}, [rows[0]]
        while waiting:
            here = waiting.pop()
            for row in rows:
                if row not in reached and (keys[row] == keys[here] or digests[row] == digests[here]):
                    reached.add(row)
                    waiting.append(row)
        assert reached == set(rows)


def test_fractions_are_met_and_the_seed_matters() -> None:
    keys = [f"customer {i}" for i in range(20_000)]
    split = assign_splits(keys, None, None, SplitSpec(fractions=(0.7, 0.1, 0.2)), seed=1)
    shares = np.bincount(split.split) / len(keys)
    np.testing.assert_allclose(shares, [0.7, 0.1, 0.2], atol=0.01)
    other = assign_splits(keys, None, None, SplitSpec(fractions=(0.7, 0.1, 0.2)), seed=2)
    assert 0.3 < float((split.split != other.split).mean()) < 0.6


def test_a_sample_is_part_of_every_larger_sample() -> None:
    keys = [f"h{i // 3}" for i in range(3000)]
    small, large = (sample_rows(keys, seed=3, customers=n) for n in (100, 400))
    assert len(small) == 300
    assert len(large) == 1200
    assert set(small.tolist()) < set(large.tolist())
    assert len(sample_rows(keys, seed=3, customers=None)) == 3000
    assert len(sample_rows(keys, seed=3, customers=5000)) == 3000


def test_splits_do_not_follow_the_sample() -> None:
    keys = [str(i) for i in range(4000)]
    kept = sample_rows(keys, seed=0, customers=1000)
    split = assign_splits([keys[i] for i in kept], None, None, SplitSpec(), seed=0)
    np.testing.assert_allclose(np.bincount(split.split) / 1000, [0.6, 0.2, 0.2], atol=0.05)


def test_time_split_takes_test_customers_at_the_later_cutoff_only() -> None:
    names = [f"c{i}" for i in range(500)]
    keys = names + names
    cutoffs = np.array(["2024-01-01"] * 500 + ["2024-06-01"] * 500)
    time = TimeSplit(column="cutoff", train="2024-01-01", test="2024-06-01", label_gap_days=7)
    split = assign_splits(keys, None, cutoffs, SplitSpec(time=time), seed=0)
    assert len(split.positions) == 500
    assert set(cutoffs[split.positions[split.split == 2]]) == {"2024-06-01"}
    assert set(cutoffs[split.positions[split.split < 2]]) == {"2024-01-01"}
    customers = [{keys[p] for p in split.positions[split.split == part]} for part in range(3)]
    assert not customers[0] & customers[1]
    assert not customers[0] & customers[2]
    assert not customers[1] & customers[2]


def test_digests_tell_rows_apart_by_every_value() -> None:
    nan = float("nan")
    one, two, three, four = row_digests([[1.0, 1.0, 2.0, nan], ["a", "a", "a", None]])
    assert one == two
    assert len({one, three, four}) == 3
