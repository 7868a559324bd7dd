"""``understudy cost``: what a month costs, from measured figures and dated prices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from understudy.errors import UserError

if TYPE_CHECKING:
    from understudy.cli.cost_model import Footprint, Workload
    from understudy.cli.cost_prices import Prices

__all__ = ["cost", "language_model", "measured", "price_table"]

RESULTS = Path("benchmarks") / "results"
# The store in memory: processor's time of a request, without a disk or a network.
COMPUTE_STORE = "SQLite, memory"


def cost(
    requests: Annotated[float, typer.Option(min=1, help="Recommendations a month, for example 1e6.")] = 1e6,
    memory: Annotated[int, typer.Option(min=128, max=10_240, help="MB of the function.")] = 512,
    arch: Annotated[Literal["arm64", "x86_64"], typer.Option(help="Architecture of the function.")] = "arm64",
    month: Annotated[int, typer.Option(min=1, help="Which month of the service: earlier decisions are kept.")] = 1,
    compute_ms: Annotated[
        float | None, typer.Option(min=0.01, help="On one core (default: median of handler_latency.json).")
    ] = None,
    wait_ms: Annotated[float, typer.Option(min=0, help="Assumed: what DynamoDB and KMS take to answer.")] = 20.0,
    trace_share: Annotated[float, typer.Option(min=0, max=1, help="Share of requests whose caller traces.")] = 0.0,
    waf: Annotated[int, typer.Option(min=0, help="Rules of the web application firewall (0: none).")] = 0,
    verifications: Annotated[float, typer.Option(min=0, help="Of the whole audit log, a month.")] = 30.0,
    model: Annotated[str | None, typer.Option(help="Language model that writes sentences (default: none).")] = None,
    hit_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of sentences that exist already.")] = 0.999,
    sentences: Annotated[float, typer.Option(min=0, help="Sentences in an answer.")] = 3.0,
    tokens: Annotated[str, typer.Option(help="Assumed: tokens in and out of one call.")] = "900,120",
    distillations: Annotated[float, typer.Option(min=0, help="Batch jobs a month.")] = 0.0,
    hours: Annotated[float, typer.Option(min=0, help="Hours of one batch job.")] = 1.0,
    results: Annotated[Path, typer.Option(help="Folder of measured figures.")] = RESULTS,
    prices: Annotated[Path | None, typer.Option(help="Another price table (TOML).")] = None,
) -> None:
    """What a month costs, with the arithmetic: measured figures from RESULTS, prices from a dated table."""
    from understudy.cli.cost_model import Workload, lines_of
    from understudy.contracts._model import validated

    table = price_table(prices)
    compute, footprint = measured(results)
    new = requests * sentences * (1 - hit_rate) if model else 0.0
    work = validated(
        Workload,
        {
            "requests": requests,
            "memory_mb": memory,
            "arch": arch,
            "month": month,
            "compute_ms": compute_ms if compute_ms is not None else compute,
            "wait_ms": wait_ms,
            "trace_share": trace_share,
            "waf_rules": waf,
            "verifications": verifications,
            "new_sentences": new,
            "batch_hours": distillations * hours,
            **language_model(model, tokens),
        },
        "options",
    )
    lines = lines_of(work, footprint, table)
    shown = Table("USD a month", "free of it", "what", "arithmetic")
    for line in lines:
        mark = "" if line.verified else " *"
        shown.add_row(f"{line.usd:8.2f}", f"{line.free:8.2f}" if line.free else "", line.what + mark, line.arithmetic)
    for what, some in (("serving", [one for one in lines if not one.watching]), ("serving and watching", lines)):
        shown.add_row(f"{sum(one.usd for one in some):8.2f}", f"{sum(one.free for one in some):8.2f}", what, "")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140
    console.print(shown)
    console.print(_said(work, compute_ms is None, table), soft_wrap=True)


def price_table(path: Path | None = None) -> Prices:
    """The prices of ``path``, by default those that come with the command.

    Raises:
        UserError: the table is not usable; the message names the row.
    """
    from understudy.cli.cost_prices import Prices
    from understudy.contracts._model import read_toml

    return read_toml(Prices, path or Path(__file__).with_name("prices.toml"))


def measured(results: Path) -> tuple[float, Footprint]:
    """Milliseconds of one recommendation on one core, and what it uses of the cloud.

    Raises:
        UserError: it was not measured yet.
    """
    return _compute_ms(results), _footprint(results)


def _said(work: Workload, measured: bool, table: Prices) -> str:
    source = "measured" if measured else "given"
    return (
        f"List prices of {table.region}, {table.priced_on}; * rests on one that nobody has verified (prices.toml)."
        " Free: what an account has free for ever, if nothing else in it uses that up."
        f" Month {work.month} of the service."
        f" Computation {source}: {work.compute_ms:.2f} ms on one core;"
        f" assumed: {work.wait_ms:g} ms of waiting, {work.trace_share:.0%} traced, {work.cold_share:.1%} cold starts."
    )


def _compute_ms(results: Path) -> float:
    stores = _read(results / "handler_latency.json", "python benchmarks/handler_latency.py")["stores"]
    return float(stores[COMPUTE_STORE]["p50"])


def _footprint(results: Path) -> Footprint:
    from understudy.cli.cost_model import Footprint
    from understudy.contracts._model import validated

    path = results / "request_footprint.json"
    return validated(Footprint, _read(path, "python benchmarks/request_footprint.py")["footprint"], str(path))


def _read(path: Path, how: str) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError("this was not measured yet", where=str(path), fix=f"First: {how}") from None
    except ValueError as error:
        raise UserError(f"not JSON: {error}", where=str(path), fix=f"Measure again: {how}") from None


def language_model(model: str | None, tokens: str) -> dict[str, float]:
    """Fields of a `Workload`: tokens "in,out" of one call of ``model`` and its prices; none without a model.

    Raises:
        UserError: nobody knows the model, or the tokens are not two whole numbers.
    """
    if model is None:
        return {}
    from agents.bedrock.models import model_config

    config = model_config(model)
    parts = tokens.split(",")
    if len(parts) != 2 or not all(part.strip().isdigit() for part in parts):
        raise UserError("tokens are two whole numbers", where="--tokens", fix="For example --tokens 900,120.")
    return {
        "tokens_in": int(parts[0]),
        "tokens_out": int(parts[1]),
        "usd_per_mtok_in": config.input_usd_per_mtok,
        "usd_per_mtok_out": config.output_usd_per_mtok,
    }
