"""Kill the batch job at random points, run it again until it ends, and compare the bytes with an undisturbed job's.

    python benchmarks/distill_kills.py [--kills 10] [--customers 1500] [--seed 7] [--folder runs/kills]

Two jobs of the same config, each in its own folder: one runs through, the other gets SIGKILL after a random part of
the time that the first one took, ``--kills`` times. Writes ``benchmarks/results/distill_kills.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from _bars import at_least, said
from _machine import machine, one_line

from understudy.atomic import write_json
from understudy.errors import UserError

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ("bundle.zip", "gates/report.json", "report/report.html", "job.json", "soft/soft.parquet")
# What the gates and health checks may say of so small a bank is no matter here.
ENDED = (0, 3)


def main() -> None:
    """Run, kill, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--customers", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=ROOT / "runs" / "kills")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "distill_kills.json")
    asked = parser.parse_args()
    shutil.rmtree(asked.folder, ignore_errors=True)
    started = time.perf_counter()
    _run(_config(asked, "whole"))
    seconds = time.perf_counter() - started
    chance = random.Random(asked.seed)
    config = _config(asked, "killed")
    # After each kill less is left to do: a share of the whole would soon come after the end.
    waits = [round(chance.uniform(0.02, 0.25) * seconds, 1) for _ in range(asked.kills)]
    killed = sum(_kill_after(config, wait) for wait in waits)
    _run(config)
    digests = {name: [_digest(asked.folder / kind / name) for kind in ("whole", "killed")] for name in RESULTS}
    same = all(len(set(pair)) == 1 for pair in digests.values())
    figures = {"machine": machine(), "asked": asked.kills, "customers": asked.customers, "seconds": seconds}
    figures |= {"waits": waits, "killed": killed, "same": same, "sha256": digests}
    write_json(asked.results, figures)
    print("\n".join(published(figures)))
    if not same:
        sys.exit(1)


def published(figures: Mapping[str, Any]) -> list[str]:
    """What was killed, and whether the bytes are the same."""
    bars = [
        at_least("kills that hit a running job", figures["killed"], figures["asked"]),
        at_least(f"of {len(figures['sha256'])} files the same bytes", _equal(figures), len(figures["sha256"])),
    ]
    about = f"{figures['customers']:,} generated customers; undisturbed the job takes {figures['seconds']:.0f} s."
    return [*said(bars), "", about, "", one_line(figures["machine"])]


def _equal(figures: Mapping[str, Any]) -> int:
    return sum(len(set(pair)) == 1 for pair in figures["sha256"].values())


def _config(asked: argparse.Namespace, name: str) -> Path:
    run = {"dataset": "finsynth", "customers": asked.customers, "folds": 2, "preset": "quick", "seed": asked.seed}
    path: Path = asked.folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"run": run, "out": str(asked.folder / name)}), encoding="utf-8")
    return path


def _command(config: Path) -> list[str]:
    return [sys.executable, "-m", "distill.job", "--config", str(config)]


def _run(config: Path) -> None:
    done = subprocess.run(_command(config), capture_output=True, text=True, check=False)
    if done.returncode not in ENDED or not (config.with_suffix("") / "job.json").exists():
        raise UserError(f"the job ended with {done.returncode}", where=str(config), fix=done.stderr[-500:])


def _kill_after(config: Path, seconds: float) -> bool:
    """Whether the job was still running when it was killed."""
    job = subprocess.Popen(_command(config), stderr=subprocess.DEVNULL)
    try:
        job.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        job.kill()
        job.wait()
        return True


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
