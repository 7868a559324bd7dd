"""Measure the packaged function under load on loopback, and kill it while it answers.

    python benchmarks/load.py [--seconds 60] [--workers 8] [--out FILE]

1. A ramp finds the highest rate at which every request is answered and the 99th percentile stays below the bound.
2. At four fifths of that rate, for ``--seconds``: errors and percentiles. Errors must be 0.
3. Eight environments, one of them killed (SIGKILL) every half second, clients that repeat with their idempotency key:
   every request must end in an answer, every answer must have its entry, no key two decisions, and fsck must be clean.

The bundle has the size of the serving figures (`_served`); store: SQLite with synchronous=FULL; client, front and
function share the machine, so that the rates are those of the whole, not of the function alone.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _bars import at_most, said
from _traffic import Plan, Shot, fire, summary

from understudy.audit import Keyring, fsck
from understudy.contracts.api import CustomerRecord
from understudy.local import LocalFunction
from understudy.stores import ServingStore, open_store

ROOT = Path(__file__).resolve().parents[1]
P99_BOUND_MS = 250.0
STEP_SECONDS, GROWTH = 4.0, 1.4
KILL_EVERY = 0.5


@dataclass
class Stage:
    """A running function with its store and keys."""

    function: LocalFunction
    store: ServingStore
    keyring: Keyring
    customers: tuple[str, ...]


@contextmanager
def stage(package: Path, bundle: Path, records: list[CustomerRecord], workers: int) -> Iterator[Stage]:
    """Serve ``bundle`` from ``package`` with ``records`` in a new store."""
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        folder = Path(name)
        keyring = Keyring.create(folder / "keys.json")
        url = f"sqlite://{folder / 'store.sqlite'}"
        store = open_store(url)
        store.put_records(records)
        env = {
            "UNDERSTUDY_BUNDLE": str(bundle),
            "UNDERSTUDY_STORE": url,
            "UNDERSTUDY_AUDIT_KEYS": f"file://{folder / 'keys.json'}",
        }
        with LocalFunction(package, env, workers=workers, log=folder / "log") as function:
            yield Stage(function, store, keyring, tuple(record.customer_id for record in records))
        store.close()


def ramp(on: Stage, first: float = 20.0) -> float:
    """The highest rate (requests a second) of a step that had no error and kept below the bound."""
    best, rate = 0.0, first
    while True:
        found = summary(fire(Plan(on.function.url, on.customers, rate, STEP_SECONDS)))
        print(f"  {rate:7.1f}/s  {json.dumps(found)}", file=sys.stderr)
        if found["errors"] or found["p99_ms"] > P99_BOUND_MS:
            return best
        best, rate = rate, rate * GROWTH


def kill_while(on: Stage, plan: Plan) -> tuple[list[Shot], int]:
    """Carry out ``plan`` while an environment is killed again and again; the shots, and how many were killed."""
    over, killed = threading.Event(), 0

    def killer() -> None:
        nonlocal killed
        while not over.wait(KILL_EVERY):
            pids = on.function.pids
            if pids:
                try:
                    os.kill(pids[killed % len(pids)], signal.SIGKILL)
                except ProcessLookupError:
                    continue
                killed += 1

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        shots = fire(plan)
    finally:
        over.set()
        thread.join()
    return shots, killed


def decisions(on: Stage) -> dict[str, str]:
    """Request id -> mac of its entry."""
    return {row[2].decode(): json.loads(row[3])["mac"] for row in on.store.entries() if row[2]}


def verify(on: Stage, shots: list[Shot], before: int = 0) -> dict[str, Any]:
    """Hold the promises against the log: answers without their entry, keys decided twice, fsck's verdict.

    ``before``: how many decisions were in the log when the shots began.
    """
    macs = decisions(on)
    answered = [shot for shot in shots if shot.status == 200]
    report = fsck(on.store, on.keyring)
    return {
        "entries": len(macs),
        "answers_without_entry": sum(macs.get(shot.request_id) != shot.mac for shot in answered),
        "keys_decided_twice": max(0, len(macs) - before - len(shots)),  # each shot has a key of its own
        "writers": report.writers,
        "fsck": report.verdict,
    }


def main() -> int:
    """Run all three parts; exit code 1 if a promise was broken."""
    import _served
    from _machine import machine

    from understudy.cli.serving import build_package
    from understudy.progress import LogProgress

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "load.json")
    options = parser.parse_args()
    package, records = build_package(LogProgress()), _served.customers(200)
    result: dict[str, Any] = {"machine": machine(), "seed": _served.SEED, "p99_bound_ms": P99_BOUND_MS}
    with tempfile.TemporaryDirectory() as folder:
        bundle = _served.bundle(Path(folder) / "bundle.zip")
        cores = len(os.sched_getaffinity(0))
        with stage(package, bundle, records, cores) as on:
            highest = ramp(on)
            rate = highest * 0.8
            before = len(decisions(on))
            steady = fire(Plan(on.function.url, on.customers, rate, options.seconds))
            result["steady"] = {"environments": cores, "highest_rate": highest, "rate": rate, **summary(steady)}
            result["steady"] |= verify(on, steady, before)
        with stage(package, bundle, records, options.workers) as on:
            plan = Plan(on.function.url, on.customers, rate / 2, options.seconds / 2, attempts=12)
            shots, killed = kill_while(on, plan)
            result["killed"] = {"environments": options.workers, "killed": killed, "rate": plan.rate, **summary(shots)}
            result["killed"] |= verify(on, shots)
    result["bars"] = verdicts(result)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print("\n".join(published(result)))
    return 0 if promises_kept(result["steady"]) and promises_kept(result["killed"]) else 1


def verdicts(result: dict[str, Any]) -> list[dict[str, Any]]:
    """What must be nothing, in both parts, and the bound that the steady rate was chosen by."""
    broken = ("errors", "answers_without_entry", "keys_decided_twice")
    parts = ("steady", "killed")
    found = [at_most(f"{name.replace('_', ' ')}, {part}", result[part][name], 0) for part in parts for name in broken]
    found += [at_most(f"fsck not clean, {part}", int(result[part]["fsck"] != "clean"), 0) for part in parts]
    return [*found, at_most("p99, ms, steady", result["steady"]["p99_ms"], P99_BOUND_MS)]


def promises_kept(part: dict[str, Any]) -> bool:
    """Whether a part of the result holds what is promised."""
    broken = part["errors"] + part["answers_without_entry"] + part["keys_decided_twice"]
    return not broken and part["fsck"] == "clean"


def published(result: dict[str, Any]) -> list[str]:
    """Both parts, the bars and the machine."""
    from _machine import one_line

    lines = ["| | environments | requests/s | requests | errors | p50 ms | p99 ms | without entry | fsck |"]
    lines.append("| --- |" + " ---: |" * 7 + " --- |")
    for name in ("steady", "killed"):
        part = result[name]
        cells = [part["environments"], round(part["rate"], 1), part["requests"], part["errors"], part["p50_ms"]]
        cells += [part["p99_ms"], part["answers_without_entry"], part["fsck"]]
        lines.append(f"| {name} | " + " | ".join(map(str, cells)) + " |")
    highest = f"Highest rate with p99 under {P99_BOUND_MS:g} ms: {result['steady']['highest_rate']:.1f} requests/s;"
    killed = f"{result['killed']['killed']} environments killed, {result['killed']['writers']} writers."
    return [*lines, "", f"{highest} {killed}", "", *said(result["bars"]), "", f"{one_line(result['machine'])}."]


if __name__ == "__main__":
    sys.exit(main())
