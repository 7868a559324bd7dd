"""``understudy ops`` on a run that has served for a week."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import audited
import pytest
from typer.testing import CliRunner

from understudy.cli.app import app
from understudy.clock import turned
from understudy.errors import UserError
from understudy.local.fake_bedrock import FakeBedrock

Call = Callable[..., str]
DAY = audited.WEEK.last


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    with turned(lambda: audited.NEXT):
        yield


@pytest.fixture
def call(tmp_path: Path) -> Call:
    """A run directory as `understudy demo` leaves it, after a week; and the commands on it."""
    week = audited.Week(tmp_path / "week", customers=7)
    week.world.store.close()
    root = tmp_path / "week" / "run"
    (root / "serve").mkdir()
    for name in week.root.glob("store.sqlite*"):
        shutil.copy(name, root / "serve")
    shutil.copy(week.root / "keys.json", root / "serve" / "audit-keys.json")
    shutil.copytree(week.root / "checkpoints", root / "serve" / "checkpoints")
    for key in ("checkpoint-key.pem", "checkpoint-key.pem.pub"):
        shutil.copy(week.root / key, root / "serve")

    def invoke(*arguments: str, exit_code: int = 0) -> str:
        result = CliRunner().invoke(app, ["ops", *arguments, "--run", str(root)])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == exit_code, result.output
        return result.output

    return invoke


def test_a_day_is_judged_kept_and_read_again(call: Call, tmp_path: Path) -> None:
    told = call("run", exit_code=3)  # the records of this bank are weeks old
    assert f"{DAY}  RED" in told
    assert "features older than" in told
    assert (tmp_path / "week" / "run" / "reports" / "ops" / f"{DAY}.html").exists()
    assert "(made before)" in call("run", exit_code=3)
    assert f"{DAY}  RED" in call("report")


def test_why_is_answered_from_the_report_with_its_evidence(call: Call) -> None:
    call("run", exit_code=3)
    told = call("why", "P6-07")
    assert "P6-07 is PASS" in told
    assert "checkpoint: checkpoints 1 to 1" in told
    assert "holds nothing about" in call("why", "who won the cup?")


def test_a_model_may_word_the_answer_and_is_recorded(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    call("run", exit_code=3)
    with FakeBedrock("unavailable") as bedrock:
        for name, value in (
            ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", bedrock.url),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "fake"),
            ("AWS_SECRET_ACCESS_KEY", "fake"),
        ):
            monkeypatch.setenv(name, value)
        told = call("why", "P6-07", "--model", "amazon.nova-lite-v1:0")
        assert bedrock.received
    assert "P6-07 is PASS" in told
    assert "worded by" not in told


def test_a_report_that_is_not_there_is_asked_for_in_vain(call: Call) -> None:
    with pytest.raises(UserError, match="there is no report"):
        call("report")


def test_the_checklist_is_printed_as_it_is_documented() -> None:
    root = Path(__file__).resolve().parents[3]
    result = CliRunner().invoke(app, ["ops", "checklist"])
    assert result.stdout == (root / "docs" / "checklist.md").read_text(encoding="utf-8")
