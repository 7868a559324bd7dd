from __future__ import annotations

import numpy as np
import pytest

from distill.report._curves import hexagons, reliability, top_class


def test_calibrated_predictions_lie_on_the_diagonal_within_their_intervals() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    points = reliability(p, (rng.random(20_000) < p).astype(float), binary=True)
    assert len(points) == 10
    assert sum(point.rows for point in points) == 20_000
    assert sum(point.low <= point.predicted <= point.high for point in points) >= 8


def test_overconfident_predictions_leave_the_diagonal() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    points = reliability(np.where(p > 0.5, 0.99, 0.01), (rng.random(20_000) < p).astype(float), binary=True)
    assert all(not point.low <= point.predicted <= point.high for point in points)


def test_tied_predictions_stay_in_one_bin() -> None:
    points = reliability(np.array([0.1] * 90 + [0.9] * 10), np.array([0.0] * 90 + [1.0] * 10), binary=True)
    assert [(point.rows, point.observed) for point in points] == [(90, 0.0), (10, 1.0)]


def test_interval_of_a_share_is_wilsons() -> None:
    # 10 of 100: Wilson's 95 % interval is [0.0552, 0.1744].
    (point,) = reliability(np.full(100, 0.1), np.array([1.0] * 10 + [0.0] * 90), binary=True)
    assert (point.low, point.high) == pytest.approx((0.0552, 0.1744), abs=1e-4)


def test_interval_of_a_mean_is_its_standard_error() -> None:
    outcome = np.arange(100.0)
    (point,) = reliability(np.zeros(100), outcome, binary=False)
    half = 1.96 * outcome.std(ddof=1) / 10
    assert (point.low, point.high) == pytest.approx((49.5 - half, 49.5 + half))


def test_no_rows_give_no_points() -> None:
    assert reliability(np.array([]), np.array([]), binary=True) == []


def test_every_point_counts_once_in_the_nearest_hexagon() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random(3000), rng.random(3000)
    cells = hexagons(x, y, low=0, high=1)
    assert cells.counts.sum() == 3000
    points = np.column_stack([x, y])
    distance = np.sqrt(((points[:, None] - cells.centres[None]) ** 2).sum(axis=2)).min(axis=1)
    assert distance.max() <= cells.radius + 1e-9


def test_points_outside_count_at_the_border() -> None:
    cells = hexagons(np.array([-5.0, 9.0]), np.array([0.5, 0.5]), low=0, high=1)
    assert cells.counts.tolist() == [1, 1]
    assert cells.centres[:, 0] == pytest.approx([0, 1], abs=cells.radius)


def test_top_class_is_confidence_and_correctness() -> None:
    confidence, correct = top_class(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([1.0, 1.0]))
    assert confidence.tolist() == [0.8, 0.6]
    assert correct.tolist() == [1.0, 0.0]
