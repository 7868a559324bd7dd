"""``understudy promote`` and ``rollback`` on bundles that the batch job made."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import distill
from distill.promotion import Registry, Request, promote, rollback
from distill.students import fit_students
from understudy.audit import AuditLog, Keyring, fsck, open_keyring
from understudy.cli.app import app
from understudy.contracts.promotion import DIMENSIONS, Fria
from understudy.errors import UserError
from understudy.objects import ObjectChangedError, open_objects
from understudy.stores import open_store

TODAY = dt.date(2026, 11, 21)
WHY = "Measured on the bank's own customers."


def fria(**scores: float) -> Fria:
    dimensions = {name: {"score": scores.get(name, 0.5), "why": WHY} for name in DIMENSIONS}
    return Fria.model_validate(
        {"purpose": "Recommend products", "assessor": "Han Ji-won", "date": TODAY, "dimensions": dimensions}
    )


class Bank:
    """A registry, an audit log, and two bundles of the same data: a weak one and a strong one."""

    def __init__(self, folder: Path, weak: Path, strong: Path, dataset: Any) -> None:
        self.registry = Registry(open_objects(str(folder / "registry")))
        Keyring.create(folder / "keys.json")
        self.keys = open_keyring(f"file://{folder}/keys.json")
        self.store = open_store(f"sqlite://{folder}/store.sqlite")
        self.audit = AuditLog(self.store, self.keys, "promotion-test")
        self.weak, self.strong, self.dataset = weak, strong, dataset

    def request(self, run: Path, **changes: Any) -> Request:
        whole = Request(run / "bundle.zip", lambda: self.dataset, fria(), "Kim Min-seo", TODAY)
        return replace(whole, **changes)

    def promote(self, run: Path, **changes: Any) -> Any:
        return promote(self.registry, self.audit, self.request(run, **changes))

    @property
    def champion(self) -> str | None:
        found = self.registry.standing().champion
        return None if found is None else found.model_version

    @property
    def outcomes(self) -> list[tuple[str, str | None]]:
        entries = [json.loads(row[3]) for row in self.store.entries()]
        assert {entry["kind"] for entry in entries} <= {"model_promotion"}
        assert fsck(self.store, self.keys).verdict in ("clean", "empty")
        return [(entry["payload"]["outcome"], entry["payload"]["operator"]) for entry in entries]


@pytest.fixture(scope="session")
def runs(company: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A bundle of barely trained students, and one of trained students; gates are told that both are good."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("distill.label_out_of_fold", company.label)
        patch.setattr("distill.fit_students", lambda *a, **k: company.fit(*a, **k))
        made = []
        for name, rounds in (("weak", 1), ("strong", 40)):
            company.models = _fitted(company, rounds, folder / name)
            company.stand_in()
            assert company.run(folder / f"run-{name}").code == 0
            made.append(folder / f"run-{name}")
    return made[0], made[1]


def _fitted(company: Any, rounds: int, out: Path) -> Any:
    from understudy.progress import Silent

    fold = np.where(company.dataset.split == 0, 0, -1).astype(np.int8)
    config = distill.DistillConfig.for_rows(100, quick=True).model_copy(update={"rounds": rounds, "threads": 1})
    soft = distill.SoftLabels(company.soft, fold, {})
    return fit_students(company.dataset, soft, config, out, Silent())


@pytest.fixture
def bank(runs: tuple[Path, Path], company: Any, tmp_path: Path) -> Bank:
    return Bank(tmp_path, *runs, company.dataset)


def status(record: Any, name: str) -> str:
    return next(check.status for check in record.checks if check.name == name)


def test_the_first_champion_a_better_challenger_and_the_way_back(bank: Bank) -> None:
    first = bank.promote(bank.weak)
    assert (first.outcome, status(first, "comparison")) == ("bootstrap", "skipped")
    second = bank.promote(bank.strong)
    assert (second.outcome, status(second, "comparison")) == ("approve", "pass")
    assert bank.champion == second.challenger
    back = rollback(bank.registry, bank.audit, to=None, operator="Park", reason="complaints rose")
    assert (back.outcome, bank.champion) == ("rollback", first.challenger)
    assert bank.registry.standing().champion.history == [first.challenger, second.challenger]  # type: ignore[union-attr]
    again = rollback(bank.registry, bank.audit, to=second.challenger, operator="Park", reason="it was not the model")
    assert bank.champion == again.challenger == second.challenger
    assert bank.outcomes == [
        ("bootstrap", "Kim Min-seo"),
        ("approve", "Kim Min-seo"),
        ("rollback", "Park"),
        ("rollback", "Park"),
    ]


def test_a_worse_challenger_is_rejected_unless_forced_with_a_reason(bank: Bank) -> None:
    bank.promote(bank.strong)
    worse = bank.promote(bank.weak)
    assert (worse.outcome, status(worse, "comparison")) == ("reject", "fail")
    assert "lost" in worse.reason
    with pytest.raises(UserError, match="needs a reason"):
        bank.promote(bank.weak, force=True)
    forced = bank.promote(bank.weak, force=True, reason="the strong one reads a feed that ends today")
    assert (forced.outcome, bank.champion) == ("force", forced.challenger)
    assert [outcome for outcome, _ in bank.outcomes] == ["bootstrap", "reject", "force"]


def test_the_same_model_again_is_no_gain(bank: Bank) -> None:
    bank.promote(bank.strong)
    assert bank.promote(bank.strong).outcome == "reject"


def broken_data() -> Any:
    raise OSError("the data are gone")


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"operator": None}, "sign_off"),
        ({"operator": " "}, "sign_off"),
        ({"fria": None}, "fria"),
        ({"fria": fria(scope_of_impact=0.9)}, "fria"),
        ({"fria": fria(automation_level=0.75)}, "fria"),
        ({"today": TODAY + dt.timedelta(days=121)}, "fria"),
        ({"today": TODAY - dt.timedelta(days=1)}, "fria"),
        ({"archive": Path("/nowhere/bundle.zip")}, "integrity"),
    ],
)
@pytest.mark.parametrize("force", [False, True])
def test_what_is_missing_or_risky_rejects_forced_or_not(
    bank: Bank, changes: dict[str, Any], check: str, force: bool
) -> None:
    reason = {"force": True, "reason": "urgent"} if force and check != "fria" else {}
    record = bank.promote(bank.strong, **changes, **reason)
    assert record.outcome == "reject"
    assert status(record, check) in ("fail", "unknown")
    assert bank.champion is None
    assert bank.outcomes[-1][0] == "reject"


def test_a_check_that_raises_rejects(bank: Bank) -> None:
    bank.promote(bank.weak)
    record = bank.promote(bank.strong, dataset=broken_data)
    assert (record.outcome, status(record, "comparison")) == ("reject", "unknown")
    assert "the data are gone" in record.reason


def test_a_rejected_or_unfair_bundle_is_never_forced_in(troupe: Any, bank: Bank, tmp_path: Path) -> None:
    women = troupe.dataset.protected["gender"] == "f"
    troupe.distilled["churn"] = troupe.direct["churn"] = np.where(
        women, 0.5 * troupe.soft["churn"], troupe.soft["churn"]
    )
    refused = troupe.run(tmp_path / "unfair")
    assert refused.code == 3
    record = bank.promote(refused.root, force=True, reason="urgent")
    assert (record.outcome, status(record, "gates")) == ("reject", "fail")


def test_without_an_audit_log_nothing_is_promoted(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_a: Any, **_k: Any) -> None:
        raise OSError("no log")

    monkeypatch.setattr(bank.audit, "append", down)
    with pytest.raises(OSError, match="no log"):
        bank.promote(bank.weak)
    assert bank.champion is None


def test_who_comes_late_is_rejected_and_that_is_written(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_a: Any) -> Any:
        raise ObjectChangedError("moved")

    monkeypatch.setattr(bank.registry, "move", late)
    assert bank.promote(bank.weak).outcome == "reject"
    assert [outcome for outcome, _ in bank.outcomes] == ["bootstrap", "reject"]


def test_roll_back_needs_an_earlier_champion_that_is_whole(bank: Bank) -> None:
    with pytest.raises(UserError, match="no earlier champion"):
        rollback(bank.registry, bank.audit, to=None, operator="Park", reason="x")
    first = bank.promote(bank.weak)
    bank.promote(bank.strong)
    with pytest.raises(UserError, match="no earlier champion toy-0"):
        rollback(bank.registry, bank.audit, to="toy-0", operator="Park", reason="x")
    archive = Path(bank.registry.place(first.challenger))
    archive.write_bytes(archive.read_bytes()[:-20])
    record = rollback(bank.registry, bank.audit, to=None, operator="Park", reason="x")
    assert record.outcome == "reject"
    assert bank.champion != first.challenger


Invoke = Callable[..., Any]


def test_a_flow_that_waits_is_asked_before_and_told_after(
    runs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a token does is tested with the state machine itself; here, that the command sends what it decided."""
    said: list[tuple[str, str]] = []

    class Waiting:
        def __init__(self, token: str) -> None:
            self._token = token

        def check(self) -> None:
            if self._token == "stale":
                raise UserError("the state machine did not take it")
            said.append(("asked", self._token))

        def answer(self, record: Any) -> None:
            said.append((record.outcome, self._token))

    monkeypatch.setattr("understudy.cli.sign_off.WaitingFlow", Waiting)
    registry = tmp_path / "registry"
    command = ["promote", "--run", str(runs[0]), "--registry", str(registry)]
    stale = CliRunner().invoke(app, [*command, "--task-token", "stale"])
    assert isinstance(stale.exception, UserError)
    assert said == []
    assert not registry.exists()  # nothing was decided
    CliRunner().invoke(app, [*command, "--task-token", "T"])  # nobody signed: a rejection, which is told too
    assert said == [("asked", "T"), ("reject", "T")]


def test_the_commands(runs: tuple[Path, Path], tmp_path: Path) -> None:
    weak, strong = runs
    path = tmp_path / "fria.json"
    path.write_text(fria().model_copy(update={"date": dt.datetime.now(dt.UTC).date()}).model_dump_json())
    runner, place = CliRunner(), ["--registry", str(tmp_path / "registry")]
    named = [*place, "--fria", str(path), "--sign-off", "Kim Min-seo"]
    log = ["--run", str(weak)]
    assert isinstance(runner.invoke(app, ["champion", *place]).exception, UserError)
    first = runner.invoke(app, ["promote", *log, *named])
    assert first.exit_code == 0, first.output
    unsigned = runner.invoke(app, ["promote", "--run", str(strong), *place, "--fria", str(path)])
    assert isinstance(unsigned.exception, UserError)
    assert unsigned.exception.exit_code == 3
    assert "nobody signed" in str(unsigned.exception)
    assert runner.invoke(app, ["promote", "--run", str(strong), *named]).exit_code == 0
    back = runner.invoke(app, ["rollback", *log, *place, "--sign-off", "Park", "--reason", "complaints"])
    assert back.exit_code == 0, back.output
    shown = runner.invoke(app, ["champion", *place]).output
    assert "Champion" in shown
    assert shown.count("Before") == 2
