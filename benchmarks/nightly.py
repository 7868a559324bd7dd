"""Measure a nightly run: read a day's sealed decisions from the log, and run every monitor over them.

    python benchmarks/nightly.py [--decisions 1000000] [--processes 2] [--folder DIR] [--out FILE]

Three days of a sixteenth, a quarter, and all of the decisions lie in one log (349 features, 13 tasks, 3 judged texts
each, a customer for every five decisions of the last day). Each night runs in a process of its own; its memory is the
largest sum of the proportional set sizes (PSS) of it and its children. ``--folder`` keeps the log, and a second call
with the same number goes on from what is there; a million decisions take about 12 GB. Bars are judged at a million
decisions only; exit code 1 if one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from _bars import at_most, kept, said
from _decision_log import FIRST, frame, write_log
from _growth import exponent
from _growth import said as growth_said
from _machine import machine, one_line

from agents.evidence import RequestDay, WatchSettings, open_history, read_day
from agents.monitors import MonitorConfig, run_monitors
from understudy.atomic import write_json

SEED = 7
JUDGED = 1_000_000  # decisions of the night that the bars are of
SECONDS, GIB = 300, 1.0


def sizes(decisions: int) -> list[int]:
    """Decisions of the three days."""
    return [max(100, decisions // 16), max(100, decisions // 4), decisions]


def night(folder: Path, number: int, processes: int) -> dict[str, Any]:
    """One night, in this process."""
    settings = WatchSettings(
        understudy_store=f"sqlite://{folder}/store.sqlite",
        understudy_audit_keys=f"file://{folder}/keys.json",
        understudy_bundle="none",
        understudy_reports=str(folder / "reports"),
    )
    day, held = (FIRST + timedelta(days=number)).isoformat(), frame()
    watcher = Memory()
    with watcher:
        start, busy = time.perf_counter(), _cpu()
        columns = read_day(settings, held, day, processes=processes)
        read = time.perf_counter()
        found = run_monitors(
            day, columns, RequestDay(day), held, open_history(settings.understudy_reports), MonitorConfig()
        )
        end = time.perf_counter()
    assert columns.unread == columns.altered == columns.erased == 0
    return {
        "decisions": len(columns),
        "read_s": round(read - start, 3),
        "monitors_s": round(end - read, 3),
        "seconds": round(end - start, 3),
        "cpu_s": round(_cpu() - busy, 3),
        "gib": round(watcher.most / 2**30, 4),
        "known": sum(one.value is not None for one in found.measurements),
    }


def _cpu() -> float:
    """Processor seconds of this process and its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Memory:
    """The largest memory of this process and its children, looked at twenty times a second."""

    def __init__(self) -> None:
        self.most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self.most = max(self.most, sum(map(_pss, [os.getpid(), *_children(os.getpid())])))


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has just ended
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


def main() -> int:
    """Print the table; write it as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--decisions", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="keeps the log")
    parser.add_argument("--night", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "nightly.json")
    asked = parser.parse_args()
    if asked.night is not None:
        print(json.dumps(night(asked.folder, asked.night, asked.processes)))
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = (asked.folder or Path(scratch)).resolve() / f"log-{asked.decisions}"
        rows = measured(folder, asked.decisions, asked.processes)
    return published_and_kept(rows, asked)


def measured(folder: Path, decisions: int, processes: int) -> list[dict[str, Any]]:
    """Each night in a process of its own; the log is written first, if it is not there whole."""
    whole = folder / "whole"
    if not whole.exists():
        for left in folder.glob("*"):
            left.unlink()
        folder.mkdir(parents=True, exist_ok=True)
        write_log(folder, sizes(decisions), SEED)
        whole.touch()
    command = [sys.executable, __file__, "--folder", str(folder), "--processes", str(processes), "--night"]
    rows = []
    for number in range(3):
        ran = subprocess.run([*command, str(number)], check=True, capture_output=True, text=True)
        rows.append(json.loads(ran.stdout))
    return rows


def published_and_kept(rows: list[dict[str, Any]], asked: argparse.Namespace) -> int:
    last = rows[-1]
    whole = last["decisions"] >= JUDGED
    bars = [at_most("seconds of the night", last["seconds"], SECONDS), at_most("memory, GiB", last["gib"], GIB)]
    bars = bars if whole else []
    growth = exponent([(row["decisions"], row["seconds"]) for row in rows])
    figures = {"machine": machine(), "seed": SEED, "processes": asked.processes, "nights": rows}
    figures |= {"growth": growth, "bars": bars}
    print("\n".join(published(figures)))
    write_json(asked.out, figures)
    return int(whole and not kept(bars))


def published(figures: dict[str, Any]) -> list[str]:
    """Nights by size, how the time grows, and the bars."""
    lines = [
        "| decisions | reading, s | monitors, s | whole, s | decisions/s | processor, us a decision | memory, GiB |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in figures["nights"]:
        speed = row["decisions"] / row["seconds"]
        lines.append(
            f"| {row['decisions']:,} | {row['read_s']:.1f} | {row['monitors_s']:.1f} | {row['seconds']:.1f}"
            f" | {speed:,.0f} | {row['cpu_s'] / row['decisions'] * 1e6:,.0f} | {row['gib']:.2f} |"
        )
    grown = f"Time grows with the decisions to the power {growth_said(figures['growth'], 2)}."
    note = f"{figures['processes']} processes, seed {figures['seed']}. {one_line(figures['machine'])}."
    bars = said(figures["bars"]) if figures["bars"] else [f"The bars are of {JUDGED:,} decisions; this run had fewer."]
    return [*lines, "", grown, "", *bars, "", note]


if __name__ == "__main__":
    sys.exit(main())
