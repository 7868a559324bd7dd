"""``understudy data``: list, check and fetch data sets."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from understudy.errors import UserError
from understudy.progress import progress_for_terminal

if TYPE_CHECKING:
    from teacher.datasets import Dataset

__all__ = ["data_app", "show_leaks"]

data_app = typer.Typer(help="Dataset specs and their checks.", no_args_is_help=True)
_MOST_REMARKS = 12
_SPLITS = ("train", "valid", "test")  # JSON sorts its keys


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:  # a log has no width to respect; tables must not be cut
        console.width = 140
    return console


@data_app.command("list")
def listed() -> None:
    """List the shipped dataset specs."""
    from teacher.datasets import load_spec, shipped_specs

    for name in shipped_specs():
        spec = load_spec(name).spec
        _console().print(f"[bold]{name:16}[/] {spec.title} ({len(spec.tasks)} tasks)")


@data_app.command("check")
def check(
    dataset: Annotated[str, typer.Argument(help="Shipped spec name, or path of a spec.toml.")],
    out: Annotated[Path | None, typer.Option(help="Run directory (default: runs/<dataset>).")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same splits.")] = 7,
    customers: Annotated[int | None, typer.Option(min=100, help="Use only this many customers.")] = None,
) -> None:
    """Read, validate, split, leak-check and profile a dataset; nothing is trained. Exit code 4: refused as leaky."""
    from understudy.cli.app import pipeline_for

    console = _console()
    pipeline = pipeline_for(dataset, out, seed, 3, customers, "standard")
    folder = pipeline.root / "data"
    try:
        data = pipeline.dataset
    except UserError as error:
        evidence = folder.with_name(f"{folder.name}.leakage.json")
        if error.exit_code == 4 and evidence.exists():
            show_leaks(console, json.loads(evidence.read_bytes()))
        raise
    _show_profile(console, data, json.loads((folder / "profile.json").read_bytes()))
    console.print(f"{len(data.schema.features)} features, {len(data.spec.tasks)} tasks; the leakage gate passed.")
    console.print(f"Profile: {folder / 'profile.html'}, profile.json; evidence of the gate: leakage.json")


@data_app.command("fetch")
def fetch(
    dataset: Annotated[str, typer.Argument(help="census-income, bank-marketing, scf2019 or credit-default.")],
    to: Annotated[Path | None, typer.Option(help="Data folder (default: UNDERSTUDY_DATA).")] = None,
) -> None:
    """Download a public data set from its home, verified by its pinned sha256; an interrupted download goes on.

    Without a network it says which file to put where. Exit code 5: the home cannot be reached.
    """
    from teacher.datasets.fetch import fetch_dataset

    named = os.environ.get("UNDERSTUDY_DATA")
    if to is None and not named:
        raise UserError("no data folder is named", where="UNDERSTUDY_DATA", fix="Set it, or give --to FOLDER.")
    _console().print(f"{fetch_dataset(dataset, to or Path(named or ''), progress_for_terminal())}")


def show_leaks(console: Console, report: dict[str, Any]) -> None:
    """Print every failed check of the leakage gate: what was seen, in which columns, and the way out."""
    table = Table(title=f"Leakage gate of {report['dataset']}: refused", title_justify="left", show_lines=True)
    for title in ("check", "columns", "evidence", "task", "way out"):
        table.add_column(title, overflow="fold")
    for failed in (check for check in report["checks"] if check["status"] == "fail"):
        for index, seen in enumerate(failed["failures"][:5]):
            more = len(seen["columns"]) - 6
            columns = ", ".join(seen["columns"][:6]) + (f" and {more} more" if more > 0 else "")
            said = f"{seen['measure']} {seen['value']:.4g} (bound {seen['bound']:g})"
            said += f"\n{seen['detail']}" if seen["detail"] else ""
            way_out = failed["way_out"] if index == 0 else ""
            table.add_row(*map(escape, (failed["name"] if index == 0 else "", columns, said, seen["task"], way_out)))
        if len(failed["failures"]) > 5:
            table.add_row("", f"and {len(failed['failures']) - 5} more", "", "", "")
    console.print(table)


def _show_profile(console: Console, data: Dataset, profile: dict[str, Any]) -> None:
    from teacher.datasets.profile_page import remarks

    table = Table(title=data.spec.title, title_justify="left")
    for title in ("task", "type", "known train / valid / test", "rate or mean train / valid / test", "ceiling (test)"):
        table.add_column(title)
    for name, task in profile["tasks"].items():
        known = " / ".join(f"{task['known'][split]:,}" for split in _SPLITS)
        ceiling = next(iter(task.get("ceiling", {}).get("test", {"": None}).items()))
        best = f"{ceiling[0]} {ceiling[1]:.4f}" if ceiling[1] is not None else "unknown"
        table.add_row(escape(name), task["type"], known, _rates(task), best)
    console.print(table)
    for split in _SPLITS:
        console.print(f"{split:6} {profile['rows'][split]:>9,} rows")
    for attribute, groups in profile["protected"].items():
        sizes = ", ".join(f"{group} {sum(counts.values()):,}" for group, counts in groups.items())
        console.print(escape(f"protected {attribute}: {sizes}"))
    said = list(remarks(profile))
    for remark in said[:_MOST_REMARKS]:
        console.print(f"[yellow]▲[/] {escape(remark)}")
    if len(said) > _MOST_REMARKS:
        console.print(f"and {len(said) - _MOST_REMARKS} more remarks in the profile")


def _rates(task: dict[str, Any]) -> str:
    if task["type"] == "regression":
        return " / ".join("—" if task["mean"][s] is None else f"{task['mean'][s]:.4g}" for s in _SPLITS)
    if task["type"] == "binary":
        return " / ".join(f"{100 * task['rates'][s]['1']:.2f} %" for s in _SPLITS)
    rates = task["rates"]["train"]
    rarest, commonest = min(rates, key=rates.__getitem__), max(rates, key=rates.__getitem__)
    said = f"{len(rates)} classes, {rarest} {100 * rates[rarest]:.2f} % to {commonest} {100 * rates[commonest]:.2f} %"
    return escape(said)
