"""``understudy shadow``: bring the teacher to where production can ask it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["shadow"]


def shadow(
    run: Annotated[Path, typer.Argument(help="Run directory with its data and teachers.")],
    customers: Annotated[int, typer.Option(min=1, help="Customers whom the teacher can be asked about.")] = 2000,
) -> None:
    """Write RUN/shadow: teachers as ONNX, and customers encoded for them; nightly monitors compare students with it."""
    from teacher import Teacher
    from teacher.datasets import open_dataset
    from teacher.export import export_shadow, shadow_rows
    from understudy.errors import UserError

    files = sorted((run / "soft").glob("fold*/teacher.pt"))
    if not files:
        raise UserError("no teacher was kept", where=str(run / "soft"), fix="Run `understudy run` first.")
    dataset = open_dataset(run / "data")
    rows = shadow_rows(dataset, customers)
    export_shadow([Teacher.load(path) for path in files], dataset, rows, run / "shadow")
    size = sum(path.stat().st_size for path in (run / "shadow").iterdir()) / 2**20
    Console(highlight=False).print(
        f"{len(files)} teachers and {len(rows):,} customers ({size:.1f} MiB) -> {run / 'shadow'}"
    )
