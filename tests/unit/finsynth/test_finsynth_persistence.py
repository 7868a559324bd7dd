import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.persistence import persistence_pairs


def naive_pairs(series: list[float]) -> list[tuple[float, float]]:
    """Merge intervals of the sublevel set one value at a time."""
    components: dict[int, tuple[set[int], float]] = {}
    bars = []
    for place in sorted(range(len(series)), key=lambda i: (series[i], i)):
        touching = [key for key, (members, _) in components.items() if place - 1 in members or place + 1 in members]
        members = {place}.union(*(components[key][0] for key in touching))
        births = [components.pop(key)[1] for key in touching]
        if len(births) == 2:
            bars.append((max(births), series[place]))
        components[place] = (members, min([*births, series[place]]))
    return sorted(bars)


def pairs(series: list[float]) -> list[tuple[float, float]]:
    births, deaths = persistence_pairs(np.array([series]))
    known = ~np.isnan(births[0])
    return sorted(zip(births[0][known], deaths[0][known], strict=True))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=20))
def test_bars_equal_the_naive_ones(series: list[float]) -> None:
    assert pairs(series) == naive_pairs(series)


def test_a_valley_is_a_bar_from_its_bottom_to_its_lower_shoulder() -> None:
    assert pairs([0.0, 5.0, 2.0, 7.0, 1.0]) == [(1.0, 7.0), (2.0, 5.0)]


def test_a_monotone_series_has_no_bar() -> None:
    assert pairs([1.0, 2.0, 3.0, 4.0]) == []


def test_bars_do_not_depend_on_the_direction_of_time() -> None:
    series = np.random.default_rng(0).normal(size=30).tolist()
    assert pairs(series) == pairs(series[::-1])


def test_rows_do_not_touch_each_other() -> None:
    series = np.random.default_rng(1).normal(size=(50, 12))
    births, deaths = persistence_pairs(series)
    for row in range(50):
        known = ~np.isnan(births[row])
        got = sorted(zip(births[row][known], deaths[row][known], strict=True))
        assert got == naive_pairs(series[row].tolist())
