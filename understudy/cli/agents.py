"""``understudy agents``: have sentences written, ahead of requests or for those that missed them, and judge reasons."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from understudy.errors import UserError
from understudy.progress import progress_for_terminal

if TYPE_CHECKING:
    from agents.reason_generator.worker import SentenceWorker

__all__ = ["agents_app"]

agents_app = typer.Typer(help="Sentences of the language model, and what reasons are worth.", no_args_is_help=True)
console = Console(highlight=False)
if not console.is_terminal:  # a log has no width to respect; tables must not be cut
    console.width = 180
RunOption = Annotated[Path, typer.Option(help="Run directory whose bundle, store and log are used.")]
ModelOption = Annotated[str, typer.Option(help="Model id of agents/bedrock/models.toml.")]
UsdOption = Annotated[float, typer.Option(min=0, help="Most US dollars to spend this month, at list price.")]
JudgeOption = Annotated[
    str | None, typer.Option(help="Model that judges what the Safety Gate has passed; it can only refuse.")
]
CustomersOption = Annotated[int | None, typer.Option(min=1, help="Look at only so many customers.")]
MODEL = "amazon.nova-lite-v1:0"
FakeJudge = Literal[
    "pass", "fail", "disagree", "hostile", "throttling", "unavailable", "slow", "truncated", "schema", "repairable",
    "not_json", "guardrail", "reset",
]  # fmt: skip


@agents_app.command("work")
def work(
    run: RunOption = Path("runs/finsynth"),
    model: ModelOption = MODEL,
    usd: UsdOption = 50.0,
    judge: JudgeOption = None,
) -> None:
    """Do every job that waits on the run's queue, then stop."""
    from understudy.cli.language_model import jobs_url
    from understudy.cli.serving import ServePaths
    from understudy.queues import open_queue

    worker, queue, done = _worker(run, model, usd, judge), open_queue(jobs_url(ServePaths(run))), Counter[str]()
    while turn := worker.drain(queue):
        done.update(turn)
    console.print(_say(done) if done else "No job waits.")
    _warn(worker)


@agents_app.command("warm-up")
def warm_up(
    run: RunOption = Path("runs/finsynth"),
    model: ModelOption = MODEL,
    usd: UsdOption = 50.0,
    top: Annotated[int, typer.Option(min=1, help="Write at most so many sentences.")] = 2000,
    locales: Annotated[str, typer.Option(help="Languages, separated by commas.")] = "ko,en",
    channels: Annotated[str, typer.Option(help="Tones, separated by commas.")] = "branch,app",
    customers: CustomersOption = None,
    judge: JudgeOption = None,
) -> None:
    """Write the sentences that the run's customers would ask for most often, before they ask."""
    from agents.reason_generator.demand import demanded_keys
    from understudy.bundle import load_bundle
    from understudy.cli.population import records_of_run, signatures

    worker, progress = _worker(run, model, usd, judge), progress_for_terminal()
    bundle = load_bundle(run / "bundle")
    asked = list(signatures(bundle, records_of_run(run, customers)))
    keys = demanded_keys(
        asked,
        locales=[_one_of(name, ("ko", "en")) for name in locales.split(",")],  # type: ignore[misc]
        channels=[_one_of(name, ("branch", "app")) for name in channels.split(",")],
        prompt=worker.prompt,
        model=worker.model,
    )
    done, covered, total = Counter[str](), 0, sum(count for _, count in keys)
    with progress.task("sentences", min(top, len(keys))) as advance:
        for key, count in keys[:top]:
            outcome = worker.write(key)
            done[outcome] += 1
            covered += count if outcome in ("written", "known") else 0
            advance(1)
            if outcome in ("budget", "unavailable"):
                break
    console.print(f"{len(keys)} sentences are asked for by {len(asked)} recommendations. {_say(done)}")
    console.print(f"There are now sentences for {covered / total if total else 0:.1%} of what is asked for.")
    _warn(worker)


@agents_app.command("eval")
def evaluate(
    run: RunOption = Path("runs/finsynth"),
    customers: CustomersOption = 2000,
    out: Annotated[Path | None, typer.Option(help="Write the figures as JSON too.")] = None,
    judge: JudgeOption = None,
    usd: UsdOption = 5.0,
    fake_judge: Annotated[FakeJudge | None, typer.Option(help="A stand-in for Bedrock judges, and behaves so.")] = None,
) -> None:
    """Judge the reasons of a run's customers, and of adversarial sets, without a model and with one that misbehaves;
    with --judge, a model reads what the Safety Gate has passed.
    """
    from contextlib import ExitStack

    from understudy.atomic import write_json
    from understudy.cli.evaluation import Judging, evaluate_run
    from understudy.cli.language_model import fake_bedrock_here
    from understudy.cli.show_evaluation import show_evaluation

    with ExitStack() as stack:
        if fake_judge is not None:
            stack.enter_context(fake_bedrock_here(fake_judge))
        named = judge or (MODEL if fake_judge is not None else None)
        worker = _worker(run, MODEL, usd, named) if named else None
        judging = Judging(worker.judge, worker.trail) if worker and worker.judge else None
        report = evaluate_run(run, customers, progress_for_terminal(), judging)
    show_evaluation(console, report)
    if out is not None:
        write_json(out, report.model_dump(mode="json"))
    if not report.passed:
        raise typer.Exit(3)


def _worker(run: Path, model: str, usd: float, judge: str | None) -> SentenceWorker:
    from agents.reason_generator.worker import SentenceWorker, WorkerSettings
    from understudy.cli.serving import ServePaths

    paths = ServePaths(run)
    if not (run / "bundle" / "manifest.json").exists():
        raise UserError("there is no bundle", where=str(run), fix="First: understudy run --dataset ...")
    paths.prepare()
    settings = WorkerSettings(
        understudy_bundle=str((run / "bundle").resolve()),
        understudy_store=paths.store,
        understudy_audit_keys=paths.keys,
        understudy_reason_model=model,
        understudy_reason_usd=usd,
        understudy_sentence_judge=judge or "",
    )
    return SentenceWorker(settings)


def _warn(worker: SentenceWorker) -> None:
    from agents.reason_generator.worker import WARN_AT

    used = worker.budget_used()
    warning = " Nothing more is asked this month at 100 %." if used >= WARN_AT else ""
    console.print(f"Of this month's budget {used:.1%} is used.{warning}")


def _say(done: Counter[str]) -> str:
    return ", ".join(f"{outcome}: {count}" for outcome, count in sorted(done.items())) + "."


def _one_of(name: str, known: tuple[str, ...]) -> str:
    if name not in known:
        raise UserError(f"unknown: {name!r}", fix=f"Use some of: {', '.join(known)}.")
    return name
