"""Each statistic against its definition, or another library's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special as oracle
from scipy import stats

from agents.evidence.reference import Reference
from agents.monitors.detector import Bets, detect
from agents.monitors.drift import drift, fewest_rows, ks_distance, psi
from agents.monitors.mixtures import (
    log_e_shares,
    log_e_two_rates,
    two_rate_interval,
)
from agents.monitors.multiplicity import adjusted
from agents.monitors.special import chi2_sf, kolmogorov_sf, log_beta, log_gamma

QUICK = settings(max_examples=60, deadline=None)
counts = st.tuples(st.integers(0, 300), st.integers(0, 300)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@QUICK
@given(st.floats(1e-3, 1e6))
def test_log_gamma(x: float) -> None:
    assert float(log_gamma(x)) == pytest.approx(float(oracle.gammaln(x)), rel=1e-11, abs=1e-10)


@QUICK
@given(st.floats(0.1, 1e4), st.floats(0.1, 1e4))
def test_log_beta(a: float, b: float) -> None:
    assert float(log_beta(a, b)) == pytest.approx(float(oracle.betaln(a, b)), rel=1e-9, abs=1e-8)


@QUICK
@given(st.floats(0, 500), st.integers(1, 60))
def test_chi2_tail(x: float, freedom: int) -> None:
    assert chi2_sf(x, freedom) == pytest.approx(float(stats.chi2.sf(x, freedom)), rel=1e-9, abs=1e-14)


@QUICK
@given(st.floats(0.0, 5.0))
def test_kolmogorov_tail(x: float) -> None:
    assert kolmogorov_sf(x) == pytest.approx(float(stats.kstwobign.sf(x)), rel=1e-6, abs=1e-12)


@QUICK
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_p_values(p: list[float]) -> None:
    np.testing.assert_allclose(adjusted(np.asarray(p)), stats.false_discovery_control(p), atol=1e-12)


@QUICK
@given(st.integers(0, 2**32 - 1))
def test_psi_is_its_definition(seed: int) -> None:
    p, q = np.random.default_rng(seed).dirichlet(np.ones(6), size=2)
    assert float(psi(p, q)) == pytest.approx(sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True)))
    assert float(psi(p, q)) == pytest.approx(float(stats.entropy(p, q) + stats.entropy(q, p)))


@QUICK
@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_ks_at_the_edges_is_scipys_on_the_binned_values(seed: int, bins: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, bins, 80), rng.integers(0, bins, 50)
    p, q = (np.bincount(x, minlength=bins).astype(float) for x in (one, other))
    assert ks_distance(p, q) == pytest.approx(float(stats.ks_2samp(one, other).statistic))


def _reference(edges: int = 9, rows: int = 10_000, features: int = 3) -> Reference:
    shares = np.tile(np.append(np.full(edges + 1, 0.95 / (edges + 1)), 0.05), (features, 1))
    numeric = [np.arange(1.0, edges + 1) for _ in range(features)]
    return Reference([f"f{i}" for i in range(features)], rows, shares, np.full(features, edges + 2), list(numeric))


def _sample(reference: Reference, n: int, rng: np.random.Generator) -> np.ndarray:
    return np.stack([rng.multinomial(n, share) for share in reference.shares])


def test_psi_without_drift_has_the_distribution_that_it_is_tested_against() -> None:
    reference, rng, n = _reference(), np.random.default_rng(1), 2000
    # The reference rows are a sample themselves: so draw both.
    found = []
    for _ in range(300):
        drawn = rng.multinomial(reference.rows, reference.shares[0]) / reference.rows
        sampled = Reference(reference.names, reference.rows, np.tile(drawn, (3, 1)), reference.width, reference.edges)
        found += drift(sampled, _sample(reference, n, rng), n, 0.0).psi.tolist()
    scaled = np.asarray(found) / (1 / n + 1 / reference.rows)
    assert stats.kstest(scaled[::3], stats.chi2(10).cdf).pvalue > 0.01
    assert scaled.mean() == pytest.approx(10, rel=0.05)


def test_drift_counts_the_missing_bin() -> None:
    reference, rng = _reference(), np.random.default_rng(2)
    counts = _sample(reference, 3000, rng)
    moved = counts[0, :10] // 2
    counts[0, :10] -= moved
    counts[0, 10] += moved.sum()
    found = drift(reference, counts, 3000, 0.05)
    assert found.drifted(0.25, 0.05).tolist() == [True, False, False]
    assert found.ks[0] < 0.05 < found.psi[0]


def test_categories_have_no_ks() -> None:
    reference = _reference()
    plain = Reference(reference.names, reference.rows, reference.shares, reference.width, [None, *reference.edges[1:]])
    found = drift(plain, _sample(reference, 500, np.random.default_rng(3)), 500, 0.05)
    assert np.isnan(found.ks[0])
    assert found.ks_q[0] == 1


def test_fewest_rows_is_the_least_that_shows_the_threshold() -> None:
    reference = _reference(features=40)
    n = fewest_rows(reference, 0.25, 0.05)
    at = [stats.chi2.sf(0.25 / (1 / rows + 1 / reference.rows), 10) * 40 for rows in (n, n - 1)]
    assert at[0] <= 0.05 < at[1]
    wide = _reference(features=40)
    wide.width[:4] = 60  # a tenth of the features with many bins does not hide the others
    assert fewest_rows(wide, 0.25, 0.05) == n
    wide.width[4] = 60
    assert fewest_rows(wide, 0.25, 0.05) > n
    assert fewest_rows(_reference(rows=20), 0.25, 0.05) == 1 << 30  # twenty training rows can never show it


@QUICK
@given(counts, counts, st.floats(-0.3, 0.3), st.floats(0.0, 0.3))
def test_two_rates_take_the_largest_likelihood_of_the_null(
    own: tuple[int, int], rest: tuple[int, int], low: float, width: float
) -> None:
    grid = np.linspace(0.001, 0.999, 250)
    p, q = np.meshgrid(grid, grid, indexing="ij")
    fits = (p - q >= low) & (p - q <= low + width)
    if not fits.any():
        return
    (a, m), (b, n) = own, rest
    logs = a * np.log(p) + (m - a) * np.log1p(-p) + b * np.log(q) + (n - b) * np.log1p(-q)
    brute = float(logs[fits].max())
    mixture = float(log_beta(a + 0.5, m - a + 0.5) + log_beta(b + 0.5, n - b + 0.5) - 2 * log_beta(0.5, 0.5))
    sides = [(np.float64(x), np.float64(y)) for x, y in (own, rest)]
    found = float(log_e_two_rates(sides[0], sides[1], (low, low + width), "difference"))
    assert found <= mixture - brute + 1e-6  # a grid finds no larger likelihood than the optimum
    assert found >= mixture - brute - 4.0  # and comes near it


@QUICK
@given(counts, counts, st.floats(0.3, 1.0), st.floats(1.0, 3.0))
def test_two_rates_by_ratio(own: tuple[int, int], rest: tuple[int, int], low: float, high: float) -> None:
    grid = np.linspace(0.001, 0.999, 250)
    p, q = np.meshgrid(grid, grid, indexing="ij")
    fits = (p >= low * q) & (p <= high * q)
    (a, m), (b, n) = own, rest
    logs = a * np.log(p) + (m - a) * np.log1p(-p) + b * np.log(q) + (n - b) * np.log1p(-q)
    mixture = float(log_beta(a + 0.5, m - a + 0.5) + log_beta(b + 0.5, n - b + 0.5) - 2 * log_beta(0.5, 0.5))
    found = float(log_e_two_rates((np.float64(a), np.float64(m)), (np.float64(b), np.float64(n)), (low, high), "ratio"))
    brute = mixture - float(logs[fits].max())
    assert brute - 4.0 <= found <= brute + 1e-6


def test_evidence_holds_at_every_look() -> None:
    """Looked at every ten draws, an interval for one n would miss the truth in most of the runs."""
    rng, alpha, rate, runs = np.random.default_rng(5), 0.1, 0.3, 200
    yes = np.cumsum(rng.random((2, runs, 1000)) < rate, axis=2)[:, :, 9::10].astype(float)
    n = np.broadcast_to(np.arange(10.0, 1001.0, 10.0), yes.shape[1:])
    log_e = log_e_two_rates((yes[0], n), (yes[1], n), (0.0, 0.0), "difference")
    missed = (log_e.max(axis=1) >= -np.log(alpha)).mean()
    error = np.sqrt(2 * rate * (1 - rate) / n)
    naive = (np.abs(yes[0] - yes[1]) / n > 1.645 * error).any(axis=1).mean()
    assert missed <= alpha + 3 * np.sqrt(alpha * (1 - alpha) / runs)
    assert naive > 0.4


@pytest.mark.parametrize("scale", ["difference", "ratio"])
def test_intervals_of_two_rates_hold_the_estimate_and_shrink(scale: Any) -> None:
    rest = np.asarray([450.0, 4500.0]), np.asarray([900.0, 9000.0])
    own = np.asarray([60.0, 600.0]), np.asarray([300.0, 3000.0])
    low, high = two_rate_interval(own, rest, 0.05, scale)
    estimate = -0.3 if scale == "difference" else 0.4
    assert (low < estimate).all()
    assert (high > estimate).all()
    assert high[1] - low[1] < 0.5 * (high[0] - low[0])
    for edge in (low, high):
        np.testing.assert_allclose(log_e_two_rates(own, rest, (edge, edge), scale), np.log(20), atol=0.05)


@QUICK
@given(st.lists(st.integers(0, 100), min_size=3, max_size=3))
def test_shares_mix_over_the_simplex(found: list[int]) -> None:
    shares = np.asarray([0.5, 0.3, 0.2])
    whole, half = np.asarray(found, dtype=float), np.full(3, 0.5)
    ln_b = lambda a: float(oracle.gammaln(a).sum() - oracle.gammaln(a.sum()))  # noqa: E731
    expected = ln_b(whole + half) - ln_b(half) - float((whole * np.log(shares)).sum())
    assert float(log_e_shares(whole, shares)) == pytest.approx(expected, abs=1e-6)


def test_a_detector_sums_over_all_beginnings() -> None:
    rng = np.random.default_rng(7)
    daily = rng.integers(0, 20, size=(6, 4, 1)).astype(float)
    found = detect(daily, lambda since: since[..., 0] / 100)
    for test in range(4):
        terms = [daily[k:, test, 0].sum() / 100 for k in range(6)]
        assert found.log_r[test] == pytest.approx(np.log(np.exp(terms).sum()))
        assert found.start[test] == int(np.argmax(terms))


def test_bets_follow_their_recursion_and_resume() -> None:
    rng, mean = np.random.default_rng(8), 0.3
    days = [rng.random(n) for n in (5, 0, 9)]
    bets = Bets()
    r = np.zeros(len(Bets.GRID))
    for values in days:
        bets = Bets(bets.state())
        bets.take(values, mean)
        if len(values):
            r = (r + 1) * np.prod([1 + Bets.GRID * (x - mean) / mean for x in values], axis=0)
    assert np.exp(bets.log_mean) == pytest.approx(r.mean(), rel=1e-6)


def test_false_alarms_are_as_rare_as_promised_and_changes_are_found() -> None:
    rng, days, runs = np.random.default_rng(9), 100, 60
    alarms = found = 0
    for _ in range(runs):
        quiet, moved = Bets(), Bets()
        for _ in range(50):
            quiet.take((rng.random(40) < 0.2).astype(float), 0.2)
            moved.take((rng.random(40) < 0.35).astype(float), 0.2)
        alarms += quiet.log_mean >= np.log(days)
        found += moved.log_mean >= np.log(days)
    assert alarms <= runs * 50 / days  # Markov on the mean run length; in fact far fewer
    assert found == runs
