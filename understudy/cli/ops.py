"""``understudy ops``: judge a day of a run, read the report, ask it why; and ``understudy simulate``."""

from __future__ import annotations

import platform
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from understudy.errors import UserError

if TYPE_CHECKING:
    from agents.bedrock import CallRecord
    from agents.evidence import WatchSettings
    from agents.ops_agent import Answer
    from understudy.cli.simulation.verdict import Verdict
    from understudy.contracts.watch import OpsReport

__all__ = ["ops_app", "simulate"]

ops_app = typer.Typer(help="The OpsAgent: judge a day, read its report, ask it why.", no_args_is_help=True)
console = Console(highlight=False, soft_wrap=True)
if not console.is_terminal:
    console.width = 180
RunOption = Annotated[Path, typer.Option(help="Run directory that has served.")]
DayOption = Annotated[str | None, typer.Option(help="YYYY-MM-DD (default: the last day that has a report, or ended).")]


@ops_app.command("run")
def ops_run(
    run: RunOption = Path("runs/finsynth"),
    day: DayOption = None,
    checklist: Annotated[
        Path | None, typer.Option(help="TOML of thresholds that differ from the shipped ones.")
    ] = None,
) -> None:
    """Verify the log, judge the day, keep the reports; exit code 3 if the day is RED."""
    from agents.watch.nightly import fsck_night, ops_night
    from agents.watch.settings import asked_day
    from understudy.cli.watched_run import watch_settings

    settings = watch_settings(run, understudy_request_metrics=f"file://{(run / 'serve').resolve()}")
    asked = asked_day({"day": day} if day else None)
    fsck_night(settings, asked)
    judged, kept, _ = ops_night(settings, asked, items=checklist)
    _show(judged.report)
    console.print(f"Report    {_folder(settings) / kept.name}.html{'' if kept.new else ' (made before)'}")
    if judged.report.colour == "RED":
        raise typer.Exit(3)


@ops_app.command("report")
def ops_report(run: RunOption = Path("runs/finsynth"), day: DayOption = None) -> None:
    """Show a stored report."""
    from understudy.cli.watched_run import watch_settings

    settings = watch_settings(run)
    report = _stored(settings, day)
    _show(report)
    console.print(f"Report    {_folder(settings) / 'ops' / report.period}.html")


@ops_app.command("why")
def ops_why(
    question: Annotated[str, typer.Argument(help="For example: why is serving red? or: P5-03")],
    run: RunOption = Path("runs/finsynth"),
    day: DayOption = None,
    model: Annotated[str, typer.Option(help="Bedrock model that words the answer; none: the report's lines.")] = "",
) -> None:
    """Answer from a stored report, with the evidence; what the report does not hold is not answered."""
    from agents.ops_agent import answer
    from understudy.cli.watched_run import watch_settings

    settings = watch_settings(run)
    found = answer(_stored(settings, day), question)
    if model:
        found = _worded(settings, found, question, model)
    if found.wording:
        console.print(found.wording, markup=False)
        console.print(f"(worded by {found.by}, from these lines:)")
    for line in found.lines:
        console.print(line, markup=False)
    for evidence in found.evidence[:10]:
        console.print(f"  {evidence.kind}: {evidence.ref}", markup=False)


@ops_app.command("checklist")
def ops_checklist(
    checklist: Annotated[Path | None, typer.Option(help="TOML of thresholds that differ.")] = None,
) -> None:
    """Print the checklist as Markdown; thresholds that could never be reached are refused."""
    from agents.checklist import load_items
    from agents.checklist.document import as_markdown

    typer.echo(as_markdown(load_items(checklist)), nl=False)


def simulate(
    days: Annotated[int, typer.Option(min=2, max=30, help="After 30 days a model is due to be renewed.")] = 30,
    out: Annotated[Path, typer.Option(help="Directory of the simulation; it must not hold one yet.")] = Path(
        "runs/simulation"
    ),
    customers: Annotated[int, typer.Option(min=500, help="Generated customers.")] = 1500,
    requests: Annotated[int, typer.Option(min=50, help="Requests a day.")] = 750,
    seed: Annotated[int, typer.Option(help="The same seed replays the same month.")] = 7,
    run: Annotated[
        Path | None, typer.Option(help="A finished finsynth run whose bundle serves (default: made).")
    ] = None,
) -> None:
    """Replay a month in which things go wrong. Exit code 3 if one of them is reported late, or anything else is red."""
    from infra.trees import build_trees
    from understudy.cli.simulation.bank import bank_of, borrow_run, make_run
    from understudy.cli.simulation.month import live
    from understudy.cli.simulation.plan import Plan
    from understudy.cli.simulation.verdict import verdict
    from understudy.cli.simulation.world import World
    from understudy.progress import progress_for_terminal

    build_trees(platform.machine())  # the function runs in this process
    progress = progress_for_terminal()
    plan = Plan(days=days, requests=requests, seed=seed)
    made = borrow_run(run, out) if run else make_run(out, customers, seed, progress)
    world = World(out, bank_of(made))
    live(world, plan, progress)
    found = verdict(world, plan)
    _tell(found)
    console.print(f"Reports   {world.reports}")
    if not found.holds:
        raise typer.Exit(3)


def _tell(found: Verdict) -> None:
    table = Table("event", "could be known", "reported", "severity", "by", "")
    for line in found.lines:
        shown = (line.event, line.known, line.reported or "-", line.severity or "-", line.by or "-")
        table.add_row(*shown, line.problem or "on time")
    console.print(table)
    colours = [f"{day[8:]}:{colour[0]}" for day, colour in found.colours.items()]
    console.print(f"Days      {' '.join(colours)}")
    for day, what in found.strays:
        console.print(f"Stray     {day}: {what}", markup=False)
    if found.holds:
        console.print("Every event was reported on the day it could first be known, and nothing else is red.")


def _show(report: OpsReport) -> None:
    counts = {
        status: sum(item.status == status for item in report.items) for status in ("PASS", "WARN", "FAIL", "UNKNOWN")
    }
    console.print(f"{report.period}  {report.colour}  " + ", ".join(f"{n} {name}" for name, n in counts.items()))
    console.print("Points    " + ", ".join(f"{name} {colour}" for name, colour in report.checkpoints.items()))
    for finding in report.attention_required:
        console.print(f"- {finding.severity}, since {finding.since}: {finding.title}", markup=False)
        console.print(f"  likely: {finding.likely_cause}", markup=False)
        console.print(f"  first:  {finding.suggested_action}", markup=False)
    for incident in report.incidents:
        console.print(f"Incident  {incident.severity}, due {incident.due}: {incident.title}", markup=False)


def _stored(settings: WatchSettings, day: str | None) -> OpsReport:
    from understudy.contracts.watch import OpsReport
    from understudy.objects import open_objects

    objects = open_objects(settings.understudy_reports)
    days = [name[4:-5] for name in objects.names("ops/") if name.endswith(".json")]
    asked = date.fromisoformat(day).isoformat() if day else (days[-1] if days else "")
    found: Any = objects.read(f"ops/{asked}.json") if asked in days else None
    if found is None:
        fix = f"There are: {', '.join(days[-5:])}." if days else "First: understudy ops run."
        raise UserError(f"there is no report of {asked or 'any day'}", where=settings.understudy_reports, fix=fix)
    return OpsReport.model_validate_json(found.data)


def _worded(settings: WatchSettings, found: Answer, question: str, model: str) -> Answer:
    """A model's wording, paid from the budget of operations; every call is an audit entry."""
    from agents.bedrock import Allowance, open_model
    from agents.ops_agent import put_better
    from understudy.audit import AuditLog, open_keyring
    from understudy.stores import open_store

    with closing(open_store(settings.understudy_store)) as store:
        log = AuditLog(store, open_keyring(settings.understudy_audit_keys), "ops-agent")

        def recorded(call: CallRecord) -> None:
            log.append("operation", {"operation": "llm_call", **call.model_dump(mode="json")})

        allowance = Allowance(purpose="ops", tokens=500_000, micro_usd=20_000_000)
        asked = open_model(model, store, allowance, temperature=0.0, on_call=recorded)
        return put_better(found, question, asked)


def _folder(settings: WatchSettings) -> Path:
    return Path(settings.understudy_reports.removeprefix("file://"))
