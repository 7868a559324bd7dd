"""``understudy inspect`` on a run that has served for a week."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import audited
import pytest
from jury_judges import Fixed
from typer.testing import CliRunner

from agents.audit_agent import run_audit
from understudy.cli.app import app
from understudy.cli.watched_run import local_replay, watch_settings
from understudy.clock import turned
from understudy.errors import UserError
from understudy.stores import open_store

Call = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run directory as `understudy demo` leaves it, after a week."""
    week = audited.Week(tmp_path / "week", customers=14)
    week.world.store.close()
    root = tmp_path / "week" / "run"
    (root / "serve").mkdir()
    for name in week.root.glob("store.sqlite*"):
        shutil.copy(name, root / "serve")
    shutil.copy(week.root / "keys.json", root / "serve" / "audit-keys.json")
    shutil.copytree(week.root / "checkpoints", root / "serve" / "checkpoints")
    for name in ("checkpoint-key.pem", "checkpoint-key.pem.pub"):
        shutil.copy(week.root / name, root / "serve")
    return root


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with turned(lambda: audited.NEXT):
        yield


@pytest.fixture
def call(run: Path) -> Call:
    def invoke(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(app, ["inspect", *arguments, "--run", str(run)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, result.output
        return result.output

    return invoke


def test_a_weekly_audit_of_a_run(call: Call, run: Path) -> None:
    told = call("run", "--kind", "weekly")
    assert "weekly, 2026-11-16 to 2026-11-22: risk LOW" in told
    assert "KFCPA, article 17" in told
    assert "clean" in told
    page = (run / "reports" / "audit" / "weekly" / "2026-11-22.html").read_text()
    assert "Regulatory summary" in page
    report = json.loads((run / "reports" / "audit" / "weekly" / "2026-11-22.json").read_bytes())
    assert next(one for one in report["measurements"] if one["name"] == "rescored_alike")["value"] == 1


@pytest.mark.parametrize(("kind", "first"), [("quarterly", "2026-10-01"), ("nightly", "2026-11-22")])
def test_the_other_kinds(kind: str, first: str, call: Call) -> None:
    assert f"{kind}, {first} to 2026-11-22" in call("run", "--kind", kind, "--day", "2026-11-22")


def test_a_damaged_log_ends_with_code_3(call: Call, run: Path) -> None:
    week = audited.Week.__new__(audited.Week)
    week.root = run / "serve"
    place = week.tamper()
    told = call("run", exit_code=3)
    assert "risk HIGH" in told
    assert place.replace("/", ", entry ") in told


def test_past_cases_dissent_and_how_they_turned_out(call: Call, run: Path) -> None:
    settings = watch_settings(run, understudy_checkpoints=None)
    bench = [Fixed("conservative", "FAIL"), Fixed("statistical", "WARN"), Fixed("business", "WARN")]
    thresholds = run / "strict.toml"
    thresholds.write_text('[P6-08]\nwarn = 1.0\nfail = 2.0\nwhy = "a drill of the jury"\n')
    report = run_audit(settings, audited.WEEK, replay=local_replay(settings), judges=bench, items=thresholds)
    case = report.jury[0].case
    assert case is not None
    assert "1 dissenting votes in 1 cases; of none is it known" in call("minority")
    assert "conservative FAIL" in call("case")
    assert "dissents: Age of the model card" in call("case", case)
    with pytest.raises(UserError, match="how is that known"):
        call("case", case, "--turned-out", "FAIL")
    told = call(
        "case", case, "--turned-out", "FAIL", "--note", "the card named a model of last year", "--operator", "kim"
    )
    assert "Outcome   FAIL, kim" in told
    told = call("minority")
    assert "right in 1 of 1 votes" in told
    assert "The majority was right in 0" in told
    store = open_store(settings.understudy_store, read_only=True)
    payloads = [json.loads(row[3])["payload"] for row in store.entries() if row[0].startswith(b"inspect-")]
    store.close()
    assert [(one["operation"], one["operator"]) for one in payloads] == [("jury_outcome", "kim")]


def test_what_is_not_there_is_an_error_for_people(call: Call, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such case"):
        call("case", "0" * 16)
    with pytest.raises(UserError, match="not a day"):
        call("run", "--day", "yesterday")
    with pytest.raises(UserError, match="no bundle that has served"):
        watch_settings(tmp_path)
