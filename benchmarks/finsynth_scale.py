"""Seconds and peak memory of generating the bank and of building its features, by number of customers.

    python benchmarks/finsynth_scale.py [--sizes 100000 300000 1000000] [--workers 2] [--scratch FOLDER]

Each size runs in processes of its own: one generates, one builds the features of both cutoffs in SQL. Memory is the
largest sum of the resident sets of such a process and all its children, sampled ten times a second; pages that
processes share count once per process, so it errs upwards. The exponent of growth is the slope of log seconds on log
customers, with its 95 % interval from the t distribution (wide: it has as many degrees of freedom as sizes less two).

A size that is finished is kept in the results file and not run again; ``--again`` runs all. Generated data are removed
after each size.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from _growth import exponent
from _growth import said as said_exponent
from _machine import machine, one_line

from understudy.atomic import write_json
from understudy.errors import UserError
from understudy.progress import LogProgress

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("generate", "features")
BARS = {"seconds": 900.0, "megabytes": 8192.0, "exponent": 1.05}
SEED = 7


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the sizes that are missing, print the table, write the figures after every size."""
    asked = _parse(arguments)
    kept = json.loads(asked.results.read_bytes()) if asked.results.exists() and not asked.again else {}
    # figures of another machine or number of workers do not line up with these
    here = {"machine": machine(), "workers": asked.workers, "seed": SEED, "bars": BARS}
    sizes = kept.get("sizes", {}) if all(kept.get(name) == value for name, value in here.items()) else {}
    for customers in asked.sizes:
        if str(customers) not in sizes:
            sizes[str(customers)] = run_size(customers, asked.workers, asked.scratch)
            write_json(asked.results, here | {"sizes": sizes, "growth": growth(sizes)})
    print("\n".join(published(here | {"sizes": sizes})))


def published(figures: dict[str, Any]) -> list[str]:
    """The table and the machine."""
    about = f"{one_line(figures['machine'])}; seed {figures['seed']}, {figures['workers']} worker processes."
    return [*table(figures["sizes"]), "", about]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--scratch", type=Path, help="a folder with room for about 15 GB per million customers")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "finsynth_scale.json")
    parser.add_argument("--again", action="store_true")
    return parser.parse_args(arguments)


def run_size(customers: int, workers: int, scratch: Path | None) -> dict[str, Any]:
    """Generate, then build features; per stage seconds and peak memory, and the size on disk."""
    with tempfile.TemporaryDirectory(prefix="finsynth-scale-", dir=scratch) as folder:
        bank, features = Path(folder) / "bank", Path(folder) / "features"
        _require_room(Path(folder), customers)
        found = {"generate": watch(generate_bank, (bank, customers, workers)) | {"gigabytes": _gigabytes(bank)}}
        found["features"] = watch(build, (bank, features, workers)) | {"gigabytes": _gigabytes(features)}
        shutil.rmtree(bank)
        return found


def generate_bank(bank: Path, customers: int, workers: int) -> None:
    """Write every table of the bank."""
    from teacher.datasets.finsynth import generate

    generate(bank, customers=customers, seed=SEED, progress=LogProgress(every=30), workers=workers)


def build(bank: Path, features: Path, workers: int) -> None:
    """Compute every feature that the finsynth spec declares, at both cutoffs."""
    from teacher.datasets import load_spec
    from teacher.features import build_features

    spec = load_spec("finsynth").spec
    sources = {source.name: bank / source.table for source in spec.sources if source.table}
    build_features(spec, sources, features, progress=LogProgress(every=30), workers=workers)


def watch(work: Callable[..., None], arguments: tuple[Any, ...]) -> dict[str, float]:
    """Seconds and peak megabytes of ``work(*arguments)`` in a process of its own, its children included.

    Raises:
        UserError: it failed.
    """
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    started, peak = time.perf_counter(), 0.0
    process.start()
    while process.is_alive():
        peak = max(peak, tree_megabytes(process.pid or 0))
        process.join(0.1)
    seconds = time.perf_counter() - started
    if process.exitcode:
        raise UserError(f"{work.__name__} ended with {process.exitcode}", fix="Its message is above.")
    return {"seconds": round(seconds, 2), "megabytes": round(peak, 1)}


def tree_megabytes(pid: int) -> float:
    """Resident memory of a process and all its descendants (Linux); those that end meanwhile count nothing."""
    total, found = 0.0, [pid]
    while found:
        this = found.pop()
        try:
            pages = int(Path(f"/proc/{this}/statm").read_text(encoding="ascii").split()[1])
            for thread in Path(f"/proc/{this}/task").iterdir():
                found += [int(child) for child in (thread / "children").read_text(encoding="ascii").split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return total


def _gigabytes(folder: Path) -> float:
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9, 3)


def _require_room(folder: Path, customers: int) -> None:
    needed, free = 15e3 * customers, shutil.disk_usage(folder).free
    if free < needed:
        what = f"{free / 1e9:.1f} GB are free, {needed / 1e9:.1f} GB may be needed"
        raise UserError(what, where=str(folder), fix="Name another folder with --scratch.")


def growth(sizes: dict[str, Any]) -> dict[str, list[float | None]]:
    """Per stage the exponent of growth: slope, low, high (no interval for fewer than three sizes)."""
    return {stage: exponent([(int(n), found[stage]["seconds"]) for n, found in sizes.items()]) for stage in STAGES}


def table(sizes: dict[str, Any]) -> list[str]:
    """Markdown: a row per size, then the exponents."""
    lines = ["| customers | generate | peak memory | on disk | features | peak memory | on disk |"]
    lines.append("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for customers, found in sorted(sizes.items(), key=lambda item: int(item[0])):
        cells = [cell for stage in STAGES for cell in _cells(found[stage])]
        lines.append(f"| {int(customers):,} | {' | '.join(cells)} |")
    said = [f"{stage} {said_exponent(values, 2)}" for stage, values in growth(sizes).items()]
    return [*lines, "", f"Exponent of growth: {', '.join(said)}."]


def _cells(found: dict[str, float]) -> list[str]:
    return [f"{found['seconds']:.0f} s", f"{found['megabytes'] / 1024:.2f} GiB", f"{found['gigabytes']:.2f} GB"]


if __name__ == "__main__":
    main()
