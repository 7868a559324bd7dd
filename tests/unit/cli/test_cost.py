"""The bill: every line is its arithmetic, nothing unmeasured is made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from understudy.cli.app import app
from understudy.cli.cost_model import Footprint, Workload, lines_of
from understudy.cli.cost_prices import Price, Prices
from understudy.contracts._model import read_toml
from understudy.errors import UserError

TABLE = Path(__file__).parents[3] / "understudy" / "cli" / "prices.toml"
ONE = Footprint(read_units=5, write_units=20, stored_bytes=9000, kms_requests=1, log_bytes=2000, metrics=40)


def prices() -> Prices:
    return read_toml(Prices, TABLE)


def work(**changes: Any) -> Workload:
    return Workload.model_validate({"requests": 1e6, "memory_mb": 1024, "compute_ms": 5, "wait_ms": 20} | changes)


def bill(**changes: Any) -> dict[str, float]:
    return {line.what: line.usd for line in lines_of(work(**changes), ONE, prices())}


def test_the_lines_are_quantity_times_price() -> None:
    lines = bill()
    assert lines["DynamoDB, writes"] == pytest.approx(20 * 0.625)
    assert lines["DynamoDB, reads"] == pytest.approx(5 * 0.125)
    assert lines["HTTP API"] == pytest.approx(1.0)
    assert lines["KMS, keys"] == 2
    assert lines["KMS, uses"] == pytest.approx(100 * 0.03)
    assert lines["KMS, signatures"] == pytest.approx(2920 / 1e4 * 0.15)
    assert lines["DynamoDB, storage"] == pytest.approx(9 * 0.45 / 2)  # half a month each, on average
    assert lines["Logs, written"] == pytest.approx(2 * 0.5)
    assert lines["Custom metrics"] == pytest.approx(12.0)


def test_less_than_a_core_makes_the_computation_longer_and_the_waiting_not() -> None:
    assert work(memory_mb=1769).billed_ms == pytest.approx(25)
    assert work(memory_mb=1024).billed_ms == pytest.approx(5 * 1769 / 1024 + 20)
    assert work(memory_mb=3538).billed_ms == pytest.approx(25)
    time = work(memory_mb=1024).billed_ms / 1e3 * 1e6 * 0.0000133334
    assert bill()["Lambda, time"] == pytest.approx(time)


def test_x86_costs_more_than_arm_and_twice_the_requests_twice_the_writes() -> None:
    assert bill(arch="x86_64")["Lambda, time"] > bill()["Lambda, time"]
    assert bill(requests=2e6)["DynamoDB, writes"] == pytest.approx(2 * bill()["DynamoDB, writes"])
    assert bill(requests=2e6)["Custom metrics"] == bill()["Custom metrics"]


def test_what_was_decided_in_earlier_months_is_still_stored() -> None:
    first, twelfth = bill(), bill(month=12)
    assert twelfth["DynamoDB, storage"] == pytest.approx(23 * first["DynamoDB, storage"])
    assert bill(month=40)["Logs, kept"] == pytest.approx(twelfth["Logs, kept"])  # logs are kept for a year
    assert twelfth["DynamoDB, writes"] == first["DynamoDB, writes"]


def test_what_is_free_is_never_more_than_what_is_billed_nor_than_the_allowance() -> None:
    for requests in (1e3, 1e6, 1e9):
        for line in lines_of(work(requests=requests, trace_share=1), ONE, prices()):
            assert 0 <= line.free <= line.usd + 1e-12, line
    free = {line.what: line.free for line in lines_of(work(requests=1e9, trace_share=1), ONE, prices())}
    assert free["Lambda, requests"] == pytest.approx(0.20)
    assert free["Logs, written"] == pytest.approx(2.5)
    assert free["Traces"] == pytest.approx(0.5)
    assert free["HTTP API"] == 0


def test_a_verification_reads_the_whole_log_and_so_costs_more_every_month() -> None:
    first, twelfth = bill(), bill(month=12)
    assert first["Verification, reads"] == pytest.approx(30 * 2 * 9000 / 4096 / 2 * 0.125)
    assert twelfth["Verification, reads"] == pytest.approx(23 * first["Verification, reads"])
    assert twelfth["Judging, reads"] == pytest.approx(first["Judging, reads"])
    assert "Verification, reads" not in bill(verifications=0)
    watching = {line.what for line in lines_of(work(), ONE, prices()) if line.watching}
    assert watching == {"Verification, reads", "Judging, reads", "Judging, KMS"}


def test_a_firewall_costs_its_list_its_rules_and_its_requests() -> None:
    assert "Firewall, list" not in bill()
    lines = bill(waf_rules=3)
    assert (lines["Firewall, list"], lines["Firewall, rules"]) == (5, 3)
    assert lines["Firewall, requests"] == pytest.approx(0.6)


def test_a_price_has_a_dated_source_or_says_that_nobody_checked_it() -> None:
    assert Price(usd=1, source="https://aws.amazon.com/kms/pricing/", seen="2026-11-21").verified
    assert not Price(usd=1, source="UNVERIFIED").verified
    for wrong in (
        {"source": "memory"},
        {"source": "https://aws.amazon.com"},
        {"source": "a book", "seen": "2026-01-01"},
    ):
        with pytest.raises(ValueError, match="UNVERIFIED"):
            Price.model_validate({"usd": 1, **wrong})


def test_a_line_that_rests_on_an_unverified_price_is_marked(results: Path, tmp_path: Path) -> None:
    text = TABLE.read_text()
    verified = {line.what: line.verified for line in lines_of(work(), ONE, prices())}
    assert verified["DynamoDB, writes"]
    assert not verified["Secrets Manager"]
    changed = tmp_path / "checked.toml"
    changed.write_text(text.replace('"UNVERIFIED"', '"https://a.example", seen = "2026-11-21"'))
    assert "Secrets Manager *" in run("--results", str(results)).output
    assert "*  " not in run("--results", str(results), "--prices", str(changed)).output


def test_without_new_sentences_a_model_costs_nothing() -> None:
    asked = {"tokens_in": 1000, "tokens_out": 100, "usd_per_mtok_in": 1.0, "usd_per_mtok_out": 5.0}
    assert "Language model" not in bill(**asked)
    assert bill(**asked, new_sentences=3000)["Language model"] == pytest.approx(3000 * 0.0015)


def test_every_line_shows_the_figures_that_it_is_made_of() -> None:
    for line in lines_of(work(new_sentences=1, tokens_in=1, batch_hours=1), ONE, prices()):
        assert any(character.isdigit() for character in line.arithmetic), line
        assert line.usd >= 0


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "handler_latency.json").write_text(json.dumps({"stores": {"SQLite, memory": {"p50": 2.5}}}))
    (tmp_path / "request_footprint.json").write_text(json.dumps({"footprint": ONE.model_dump()}))
    return tmp_path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["cost", *arguments])


def test_the_command_reads_what_was_measured_and_says_what_is_assumed(results: Path) -> None:
    done = run("--results", str(results), "--requests", "1e6")
    assert done.exit_code == 0, done.output
    assert "2.50 ms on one core" in done.output
    assert "assumed: 20 ms of waiting" in done.output
    assert "2026-11-21" in done.output
    lines = lines_of(work(compute_ms=2.5, memory_mb=512), ONE, prices())
    assert f"{sum(line.usd for line in lines):.2f}" in done.output
    assert f"{sum(line.usd for line in lines if not line.watching):.2f}" in done.output


def test_the_command_knows_the_price_of_a_model_by_its_id(results: Path) -> None:
    done = run("--results", str(results), "--model", "amazon.nova-micro-v1:0", "--hit-rate", "0.9")
    assert "300,000 new sentences x (900 in, 120 out)" in done.output


@pytest.mark.parametrize(
    ("missing", "how"),
    [
        ("handler_latency.json", "python benchmarks/handler_latency.py"),
        ("request_footprint.json", "python benchmarks/request_footprint.py"),
    ],
)
def test_what_was_not_measured_is_asked_for_and_not_made_up(results: Path, missing: str, how: str) -> None:
    (results / missing).unlink()
    done = run("--results", str(results))
    assert isinstance(done.exception, UserError)
    assert how in done.exception.fix


@pytest.mark.parametrize(
    "arguments", [("--model", "nobody.knows-it"), ("--model", "amazon.nova-micro-v1:0", "--tokens", "many")]
)
def test_a_wrong_option_is_refused(results: Path, arguments: tuple[str, ...]) -> None:
    assert isinstance(run("--results", str(results), *arguments).exception, UserError)


def test_a_price_table_with_a_negative_price_is_refused(results: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "prices.toml"
    wrong.write_text(TABLE.read_text().replace("usd = 0.20, source", "usd = -1, source"))
    done = run("--results", str(results), "--prices", str(wrong))
    assert isinstance(done.exception, UserError)
    assert "million_requests" in str(done.exception)
