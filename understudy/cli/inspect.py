"""``understudy inspect``: audits of a run, the jury's past cases, and how often the minority was right."""

from __future__ import annotations

import getpass
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from understudy.errors import UserError

if TYPE_CHECKING:
    from agents.evidence import WatchSettings
    from agents.jury import Case, CaseStore, TurnedOut
    from understudy.contracts.watch import AuditReport

__all__ = ["inspect_app"]

inspect_app = typer.Typer(help="Audits, the jury's past cases, and what became of dissent.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)
if not console.is_terminal:  # a log has no width to respect; tables must not be cut
    console.width = 180
RunOption = Annotated[Path, typer.Option(help="Run directory whose bundle, store and log are meant.")]
Decision = Literal["PASS", "WARN", "FAIL"]


@inspect_app.command("run")
def inspect_run(
    run: RunOption = Path("runs/finsynth"),
    kind: Annotated[Literal["nightly", "weekly", "quarterly"], typer.Option(help="What is audited.")] = "weekly",
    day: Annotated[
        str | None, typer.Option(help="Last day of the period (default: of the last one that ended).")
    ] = None,
    jury: Annotated[str, typer.Option(help="Model id of agents/bedrock/models.toml; none: nobody judges.")] = "",
    rounds: Annotated[int, typer.Option(min=1, max=2, help="2: jurors who disagree hear each other once.")] = 1,
    checklist: Annotated[
        Path | None, typer.Option(help="TOML of thresholds that differ from the shipped ones.")
    ] = None,
) -> None:
    """Audit a period again from the log, and keep the report; exit code 3 if the risk is HIGH."""
    from understudy.cli.watched_run import local_replay, watch_settings

    settings = watch_settings(run, understudy_judge_model=jury)
    if kind == "nightly":
        report, name = _night(settings, day)
    else:
        from agents.audit_agent import Period, ended_before, run_audit
        from understudy.clock import utc_now

        period = Period(kind, _day(day)) if day else ended_before(kind, utc_now())
        report = run_audit(settings, period, replay=local_replay(settings), rounds=rounds, items=checklist)
        name = period.report
    _show(report)
    console.print(f"Report    {Path(settings.understudy_reports.removeprefix('file://')) / name}.html")
    if report.risk == "HIGH":
        raise typer.Exit(3)


@inspect_app.command("case")
def inspect_case(
    case: Annotated[str | None, typer.Argument(help="Id of a case; none: list all.")] = None,
    run: RunOption = Path("runs/finsynth"),
    turned_out: Annotated[Decision | None, typer.Option(help="What the right decision would have been.")] = None,
    note: Annotated[str, typer.Option(help="How that is known; kept for ever.")] = "",
    operator: Annotated[str, typer.Option(help="Who says so (default: you).")] = "",
) -> None:
    """Show what a jury decided and who dissented, or note how a case turned out."""
    with _cases(run) as cases:
        if case is None:
            _list(cases)
            return
        found = cases.get(case)
        if found is None:
            raise UserError("no such case", where=case, fix="`understudy inspect case` lists them.")
        if turned_out is not None:
            _note(run, cases, case, turned_out, note, operator or getpass.getuser())
        _case(found, cases.outcomes().get(case))


@inspect_app.command("minority")
def inspect_minority(run: RunOption = Path("runs/finsynth")) -> None:
    """How often the minority was right, of the cases of which it is known."""
    from agents.jury import minority_record

    with _cases(run) as cases:
        record = minority_record(cases)
    if record.share is None:
        console.print(f"{record.dissents} dissenting votes in {record.cases} cases; of none is it known who was right.")
        console.print("`understudy inspect case ID --turned-out FAIL --note ...` notes how a case turned out.")
        return
    console.print(
        f"The minority was right in {record.right} of {record.known} votes whose case is settled:"
        f" {record.share:.0%}, 95 % interval {record.low:.0%} to {record.high:.0%}."
    )
    console.print(
        f"The majority was right in {record.majority_right} of them. {record.dissents} votes dissented in all."
    )
    table = Table("perspective", "dissents", "settled", "right")
    for name, one in record.perspectives.items():
        table.add_row(name, str(one.dissents), str(one.known), str(one.right))
    console.print(table)


def _night(settings: WatchSettings, day: str | None) -> tuple[AuditReport, str]:
    from agents.watch.nightly import fsck_night
    from agents.watch.settings import asked_day

    report, kept, _ = fsck_night(settings, asked_day({"day": day} if day else None))
    return report, kept.name


def _day(day: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        raise UserError("not a day", where=day, fix="Use YYYY-MM-DD.") from None


def _show(report: AuditReport) -> None:
    console.print(f"Audit     {report.kind}, {report.first} to {report.last}: risk {report.risk}")
    if report.log is not None:
        console.print(f"Log       {report.log.entries} entries of {report.log.writers} writers: {report.log.verdict}")
    for finding in report.focus_areas:
        console.print(f"  {finding.severity:<8}  {finding.title}", markup=False)
        console.print(f"            {finding.suggested_action}", markup=False)
    if report.claims:
        table = Table("duty", "holds", "claim")
        for claim in report.claims:
            table.add_row(claim.regulation, claim.status, claim.text)
        console.print(table)
    for outcome in report.jury:
        state = "held open" if outcome.open else "not held open"
        case = f", case {outcome.case}" if outcome.case else ""
        console.print(
            f"Jury      {outcome.item}: {outcome.decision or 'no decision'}, {outcome.verdict}, {state}{case}"
        )


@contextmanager
def _cases(run: Path) -> Iterator[CaseStore]:
    from agents.jury import open_cases
    from understudy.cli.serving import ServePaths
    from understudy.objects import open_objects

    with open_cases(open_objects(ServePaths(run).reports)) as cases:
        yield cases


def _list(cases: CaseStore) -> None:
    outcomes = cases.outcomes()
    table = Table("case", "period", "item", "verdict", "decision", "dissent", "turned out")
    for one in cases.cases():
        outcome = outcomes.get(one.id)
        dissent = ", ".join(f"{vote.perspective} {vote.vote}" for vote in one.outcome.dissent)
        turned = outcome.turned_out if outcome else "not known"
        decision = one.outcome.decision or "none"
        table.add_row(one.id, one.period, one.item, one.outcome.verdict, decision, dissent or "-", turned)
    console.print(table)


def _case(case: Case, outcome: TurnedOut | None) -> None:
    decided = case.outcome
    console.print(f"Case      {case.id}: {case.item} {case.title}, {case.period}", markup=False)
    console.print(f"Finding   {case.summary}", markup=False)
    state = "held open" if decided.open else "not held open"
    console.print(f"Verdict   {decided.verdict}, {decided.decision or 'no decision'}, {state}")
    for place, votes in (("first", decided.first_round), ("vote", decided.votes)):
        for vote in votes:
            said = vote.vote or f"none ({vote.error})"
            mark = "  dissents" if vote in decided.dissent else ""
            console.print(f"  {place:<6}{vote.perspective:<13}{said}{mark}: {vote.reason}", markup=False)
    if outcome is not None:
        console.print(f"Outcome   {outcome.turned_out}, {outcome.operator}, {outcome.at}: {outcome.note}", markup=False)


def _note(run: Path, cases: CaseStore, case: str, turned_out: Decision, note: str, operator: str) -> None:
    """Keep the note with the case, and an entry in the audit log that says who made it."""
    from agents.jury import TurnedOut
    from understudy.audit import AuditLog, open_keyring
    from understudy.cli.serving import ServePaths
    from understudy.clock import utc_now
    from understudy.stores import open_store

    if len(note.strip()) < 3:
        raise UserError("how is that known?", where="--note", fix="Say it in a sentence.")
    at, paths = utc_now().isoformat(timespec="seconds"), ServePaths(run)
    outcome = TurnedOut(case=case, turned_out=turned_out, note=note.strip(), operator=operator, at=at)
    with closing(open_store(paths.store)) as store:
        log = AuditLog(store, open_keyring(paths.keys), f"inspect-{uuid.uuid4().hex}")
        log.append("operation", {"operation": "jury_outcome", **outcome.model_dump(mode="json")})
    cases.turn_out(outcome)
