"""``understudy features``: fill the online feature store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from understudy.progress import progress_for_terminal

__all__ = ["features_app"]

features_app = typer.Typer(help="The online feature records.", no_args_is_help=True)


@features_app.callback()
def features() -> None:
    """The online feature records."""


@features_app.command("build")
def build(
    to: Annotated[Path, typer.Option(help="Parquet file to write; `features load` reads it.")],
    as_of: Annotated[
        str | None, typer.Option(help="Only events before this date count (default: the test cutoff).")
    ] = None,
    dataset: Annotated[str, typer.Option(help="Shipped spec name, or path of a spec.toml.")] = "finsynth",
    run: Annotated[Path | None, typer.Option(help="Run directory (default: runs/<dataset>).")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 7,
    customers: Annotated[int | None, typer.Option(min=100, help="Customers of the run.")] = None,
) -> None:
    """Compute every customer's record from the events, with the definitions and fits of a run's training data."""
    from understudy.cli.app import pipeline_for
    from understudy.cli.features import default_date, parse_date, write_records

    pipeline = pipeline_for(dataset, run, seed, 3, customers, "standard")
    day = parse_date(as_of) if as_of else default_date(pipeline)
    count = write_records(pipeline, day, to)
    Console(highlight=False).print(f"{count:,} records as of {day} -> {to}")


@features_app.command("load")
def load(
    source: Annotated[Path, typer.Option("--from", help="Parquet file, or folder of Parquet files.")],
    store: Annotated[str, typer.Option(help="Store URL (sqlite:///..., dynamodb://...).")],
    bundle: Annotated[Path, typer.Option(help="Bundle whose students will read the records.")],
    quarantine: Annotated[
        Path | None, typer.Option(help="File for rows that are no records (default: beside the source).")
    ] = None,
) -> None:
    """Load feature records in bulk; asked again, it goes on where it stopped. Exit code 4: rows were quarantined."""
    from understudy.bundle import BundleError, load_bundle
    from understudy.errors import UserError
    from understudy.records import load_records
    from understudy.stores import StoreError, open_store

    try:
        schema = load_bundle(bundle).manifest.features
    except BundleError as error:
        raise UserError(str(error), fix="Restore the bundle from its registry.") from None
    aside = quarantine or source.with_name(f"{source.stem}.quarantine.jsonl")
    console = Console(highlight=False)
    try:
        report = load_records(source, open_store(store), store, schema, aside, progress=progress_for_terminal())
    except StoreError as error:
        fix = "The same command goes on where it stopped."
        raise UserError(f"the store could not answer: {error}", where=store, fix=fix, exit_code=5) from None
    resumed = f" ({report.resumed:,} of them by an earlier, interrupted run)" if report.resumed else ""
    console.print(f"{report.loaded:,} of {report.rows:,} rows loaded{resumed}; schema {schema.version}.")
    if report.quarantined:
        console.print(f"{report.quarantined:,} rows were not loaded; each with its reason in {aside}")
        raise typer.Exit(4)
