"""The first table of the README, made of the figures that the other scripts have committed.

    python benchmarks/summary.py

Each row says what was measured, the figure, what one would use instead, the bar of the design and whether it is kept.
Nothing is measured here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent / "results"
Figures = Mapping[str, Any]


def published() -> list[str]:
    """One row per question; a script without committed figures says *not run*."""
    lines = ["| what | here | instead | bar | script |", "| --- | ---: | ---: | ---: | --- |"]
    for what, script, row in ROWS:
        path = RESULTS / f"{script}.json"
        cells = row(json.loads(path.read_bytes())) if path.exists() else ("not run", "", "")
        lines.append(f"| {what} | {' | '.join(cells)} | `{script}` |")
    return lines


def _scores(found: Figures) -> tuple[str, str, str]:
    own, package = found["scores"]["this engine"]["ms"], found["scores"]["Booster.predict"]["ms"]
    onnx = found["scores"].get("ONNX Runtime", {}).get("ms")
    instead = f"{package:.2f} ms `Booster.predict`" + (f", {onnx:.2f} ms ONNX Runtime" if onnx else "")
    return f"{own:.2f} ms", instead, _bars(found)


def _cold(found: Figures) -> tuple[str, str, str]:
    own, package = found["functions"]["the zip"], found["functions"]["on the lightgbm package"]
    here, there = (f"{f['start_ms']:.0f} ms, {f['unzipped_mb']:.0f} MB, {f['peak_mb']:.0f} MB" for f in (own, package))
    return here, f"{there} on the lightgbm package", _bars(found)


def _handler(found: Figures) -> tuple[str, str, str]:
    disk, bare = found["stores"]["SQLite, disk"], found["stores"]["a bare commit, disk"]
    return f"{disk['p50']:.1f} and {disk['p99']:.1f} ms", f"{bare['p50']:.1f} ms a bare synced commit", _bars(found)


def _services(found: Figures) -> tuple[str, str, str]:
    by_name = found["services"]
    own, lean, same = (by_name[name]["per_core_s"] for name in SERVICES)
    return f"{own:.0f}", f"{lean:.0f} FastAPI + lightgbm, bare; {same:.0f} doing the same work", _bars(found)


def _load(found: Figures) -> tuple[str, str, str]:
    steady = found["steady"]
    answered = (
        f"{steady['requests']:,} at {steady['rate']:.0f}/s, {steady['errors']} errors, p99 {steady['p99_ms']:.0f} ms"
    )
    return answered, "", _bars(found)


def _scale(found: Figures) -> tuple[str, str, str]:
    million = found["sizes"]["1000000"]
    seconds = sum(stage["seconds"] for stage in million.values())
    peak = max(stage["megabytes"] for stage in million.values()) / 1024
    kept = seconds <= 900 and peak <= 8
    return f"{seconds / 60:.0f} min, {peak:.1f} GiB", "", f"15 min, 8 GiB: {'kept' if kept else '*missed*'}"


def _gate(found: Figures) -> tuple[str, str, str]:
    runs = sorted(run["seconds"] for run in found["sizes"]["1000000"])
    middle = runs[len(runs) // 2]
    return f"{middle:.0f} s", "", f"60 s: {'kept' if middle <= 60 else '*missed*'}"


def _reasons(found: Figures) -> tuple[str, str, str]:
    usd = [traffic["usd_per_million"][MODEL] for traffic in found["traffic"]]
    hits = [traffic["hit_rate_after_day_1"] for traffic in found["traffic"]]
    bars = (("5 USD", max(usd) <= 5), ("hit rate .99 after day 1", min(hits) >= 0.99))
    verdicts = "; ".join(f"{name}: {'kept' if kept else '*missed*'}" for name, kept in bars)
    return f"{min(usd):.2f} to {max(usd):.2f} USD, hit rate {min(hits):.3f} to {max(hits):.3f}", "", verdicts


def _safety(found: Figures) -> tuple[str, str, str]:
    cells = [row for name, of in found["sets"].items() if name.startswith("heldout") for row in of["written"].values()]
    total = {name: sum(row[name] for row in cells) for name in ("caught", "violating", "wrongly_blocked", "innocent")}
    caught, blocked = total["caught"] / total["violating"], total["wrongly_blocked"] / total["innocent"]
    verdicts = [
        f"{name}: {'kept' if kept else '*missed*'}"
        for name, kept in (("99 %", caught >= 0.99), ("2 %", blocked <= 0.02))
    ]
    return f"{caught:.1%} caught, {blocked:.1%} wrongly blocked", "", "; ".join(verdicts)


def _cost(found: Figures) -> tuple[str, str, str]:
    lines = [line for line in found["lines"] if not line["watching"]]
    listed, free = (sum(line[name] for line in lines) for name in ("usd", "free"))
    return f"{listed:.2f} USD, {listed - free:.2f} billed in an account of its own", "", _bars(found)


def _alarms(found: Figures) -> tuple[str, str, str]:
    years = found["years"].values()
    count = sum(sum(year["alarms"].values()) for year in years)
    return f"{count} in {len(years)} years of {found['rows']:,} persons a day", "", ""


def _bars(found: Figures) -> str:
    missed = [bar for bar in found["bars"] if not bar["passed"]]
    if not missed:
        return "kept"
    return "; ".join(f"{bar['name']} {bar['value']:.2g} ({bar['sense']} {bar['bar']:g}): *missed*" for bar in missed)


MODEL = "amazon.nova-lite-v1:0"
SERVICES = ("this function, uvicorn", "FastAPI", "FastAPI, same work")
ROWS: tuple[tuple[str, str, Callable[[Figures], tuple[str, str, str]]], ...] = (
    ("13 scores of one row", "engine", _scores),
    ("cold start, unzipped size, peak memory", "cold_start", _cold),
    ("whole warm handler with audit entry, p50 and p99", "handler_latency", _handler),
    ("requests per core-second", "against_services", _services),
    ("a minute of load on loopback", "load", _load),
    ("features of a million customers", "finsynth_scale", _scale),
    ("leakage gate on a million rows", "leakage_gate", _gate),
    ("Safety Gate on texts of authors held out", "safety_gate", _safety),
    ("a month of a million recommendations on AWS, no language model", "cost", _cost),
    ("false alarms of all monitors together, simulated without a change", "monitors", _alarms),
    ("sentences of a language model: list price of a million recommendations", "reasons", _reasons),
)


if __name__ == "__main__":
    print("\n".join(published()))
