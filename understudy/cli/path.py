"""The one path from rows to an answered, explained, audited recommendation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from understudy.errors import UserError

if TYPE_CHECKING:
    from distill.pipeline import Pipeline
    from understudy.contracts.api import RecommendationResponse

__all__ = ["walk"]

TRIES = 50


def walk(
    console: Console, pipeline: Pipeline, *, customer: str | None, locales: Sequence[Literal["ko", "en"]]
) -> RecommendationResponse:
    """Run every stage, serve the bundle, ask it, print the answer and its trace, verify the audit log.

    Raises:
        UserError: a stage refused; with exit code 3, after the answer, when the gates rejected the bundle.
    """
    from understudy.cli.audit import check_log, log_place, sign_log
    from understudy.cli.serving import ServePaths, ask, build_package, load_records, local_function
    from understudy.cli.show import show_answer, show_gates, show_trace

    started = time.monotonic()
    result = pipeline.run()
    show_gates(console, result.report)
    console.print(f"Report    {result.root / 'report' / 'report.html'}")
    if not result.report.accepted:
        console.print(
            "Rejected: served on this machine only, for examination. Each task is left to a layer that is fit."
        )
    paths = ServePaths(pipeline.root)
    paths.prepare()
    count = load_records(pipeline, result, paths)
    console.print(f"Store     {count:,} customers -> {paths.store}")
    package = build_package(pipeline.progress)
    with local_function(package, result.bundle, paths) as url:
        console.print(f"Endpoint  {url}/v1/recommendations (the packaged function under the Lambda runtime client)")
        chosen, answer = _first_answer(pipeline, url, customer, locales[0])
        console.print(f"Customer  {chosen}")
        show_answer(console, answer)
        show_trace(console, answer, result.manifest, pipeline.dataset.catalog)
        for locale in locales[1:]:
            show_answer(console, ask(url, chosen, locale=locale))
    sign_log(console, log_place(pipeline.root))
    if check_log(console, log_place(pipeline.root)).verdict != "clean":
        raise UserError(
            "the audit log does not verify", where=paths.store, fix="See the entry named above.", exit_code=3
        )
    console.print(f"Done in {time.monotonic() - started:.0f} s. Everything lies in {result.root}.")
    if not result.report.accepted:
        raise UserError(
            f"the gates rejected this bundle: {result.report.reason}",
            where=str(result.root / "report" / "report.html"),
            fix="It must not be deployed; health says `degraded` while it is served. Read the report.",
            exit_code=3,
        )
    return answer


def _first_answer(
    pipeline: Pipeline, url: str, customer: str | None, locale: Literal["ko", "en"]
) -> tuple[str, RecommendationResponse]:
    """Ask for ``customer``; without one, for the first test customer (in row order) who gets a recommendation."""
    from understudy.cli.serving import ask

    if customer is not None:
        return customer, ask(url, customer, locale=locale)
    dataset = pipeline.dataset
    candidates = dict.fromkeys(dataset.customer_ids[dataset.rows("test")[:TRIES]].tolist())
    chosen, answer = "", None
    for chosen in candidates:
        answer = ask(url, chosen, locale=locale)
        if answer.recommendations:
            break
    if answer is None:
        raise UserError(
            "the test split holds no customer", where=str(pipeline.root / "data"), fix="Use more customers."
        )
    return chosen, answer
