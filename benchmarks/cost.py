"""What a month of 1 M recommendations costs: `understudy cost` at the memory that is deployed, and beside it.

    python benchmarks/cost.py [--requests 1e6] [--out FILE]

Nothing is measured here: milliseconds come from ``handler_latency.json``, units and bytes from
``request_footprint.json``, what sentences of a language model cost from ``reasons.json`` (the dearest month that was
simulated, with at least as many recommendations: sentences are written once), prices from the dated table of the
command. Each line of the bill keeps its arithmetic.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from _bars import at_most, said

from understudy.atomic import write_json
from understudy.cli.cost import measured, price_table
from understudy.cli.cost_model import Line, Workload, lines_of

RESULTS = Path(__file__).resolve().parent / "results"
DEPLOYED_MB = 512
MEMORIES = (256, 512, 1024, 1769)
MONTHS = (1, 12)
WAIT_MS = 20.0  # assumed: what DynamoDB and KMS take to answer
WITHOUT, WITH = 30.0, 40.0  # dollars: the bars without and with a language model
MODEL = "amazon.nova-lite-v1:0"


def figures(requests: float, results: Path = RESULTS) -> dict[str, Any]:
    """The bill at the deployed memory, totals at others and in later months, and the bars."""
    compute_ms, footprint = measured(results)
    prices = price_table()

    def bill(memory: int, month: int) -> list[Line]:
        work = Workload(requests=requests, memory_mb=memory, month=month, compute_ms=compute_ms, wait_ms=WAIT_MS)
        return lines_of(work, footprint, prices)

    deployed = bill(DEPLOYED_MB, 1)
    sentences = _sentences(results, requests)
    totals = {f"{memory}": {f"{month}": _totals(bill(memory, month)) for month in MONTHS} for memory in MEMORIES}
    listed, billed, written = _totals(deployed)["list"], _totals(deployed)["billed"], sentences[MODEL]
    return {
        "requests": requests,
        "memory_mb": DEPLOYED_MB,
        "compute_ms": compute_ms,
        "wait_ms": WAIT_MS,
        "priced_on": prices.priced_on,
        "region": prices.region,
        "lines": [asdict(line) for line in deployed],
        "sentences_usd": sentences,
        "totals": totals,
        "bars": [
            at_most("USD, serving, list prices", listed, WITHOUT),
            at_most("USD, serving, in an account of its own", billed, WITHOUT),
            at_most("USD, serving, list prices, with a language model", listed + written, WITH),
            at_most("USD, serving, in an account of its own, with a language model", billed + written, WITH),
        ],
    }


def _totals(lines: list[Line]) -> dict[str, float]:
    serving = [line for line in lines if not line.watching]
    listed = sum(line.usd for line in serving)
    watched = sum(line.usd for line in lines if line.watching)
    return {"list": listed, "billed": listed - sum(line.free for line in serving), "watching": watched}


def _sentences(results: Path, requests: float) -> dict[str, float]:
    """Model -> dollars for the sentences of the dearest simulated month with at least ``requests`` recommendations."""
    months = [
        {model: usd * one["recommendations"] / 1e6 for model, usd in one["usd_per_million"].items()}
        for one in json.loads((results / "reasons.json").read_bytes())["traffic"]
        if one["recommendations"] >= requests
    ]
    return {model: max(month[model] for month in months) for model in months[0]} if months else {}


def published(result: Mapping[str, Any]) -> list[str]:
    """The bill with its arithmetic, the bars, and totals by memory and month."""
    lines = ["| USD a month | free of it | what | arithmetic |", "| ---: | ---: | --- | --- |"]
    for line in sorted(result["lines"], key=lambda one: bool(one["watching"])):
        free = f"{line['free']:.2f}" if line["free"] else ""
        mark = "" if line["verified"] else " *"
        lines.append(f"| {line['usd']:.2f} | {free} | {line['what']}{mark} | {line['arithmetic']} |")
    listed, free = (sum(one[name] for one in result["lines"] if not one["watching"]) for name in ("usd", "free"))
    watched = sum(one["usd"] for one in result["lines"] if one["watching"])
    lines += [
        f"| **{listed:.2f}** | **{free:.2f}** | serving | billed in an account of its own: {listed - free:.2f} |",
        f"| **{watched:.2f}** | | watching | verified every night, every decision judged |",
        "",
    ]
    return [*lines, *said(result["bars"]), "", *_by_memory(result), "", *_by_model(result), "", _note(result)]


def published_brief(result: Mapping[str, Any]) -> list[str]:
    """The largest lines only, and the bars."""
    serving = [line for line in result["lines"] if not line["watching"]]
    listed = sum(line["usd"] for line in serving)
    lines = ["| what | USD a month | share |", "| --- | ---: | ---: |"]
    largest = sorted(serving, key=lambda one: -one["usd"])[:6]
    lines += [f"| {line['what']} | {line['usd']:.2f} | {line['usd'] / listed:.0%} |" for line in largest]
    lines.append(f"| all of serving | {listed:.2f} | 100% |")
    return [*lines, "", *said(result["bars"]), "", _note(result)]


def _by_memory(result: Mapping[str, Any]) -> list[str]:
    head = " | ".join(f"month {month}, list | month {month}, billed | and watching" for month in MONTHS)
    lines = [f"| MB | ms | {head} |", f"| ---: | ---: | {' | '.join(['---: | ---: | ---:'] * len(MONTHS))} |"]
    for memory, by_month in sorted(result["totals"].items(), key=lambda one: int(one[0])):
        work = Workload(requests=1, memory_mb=int(memory), compute_ms=result["compute_ms"], wait_ms=result["wait_ms"])
        cells = [f"{by_month[f'{month}'][kind]:.2f}" for month in MONTHS for kind in ("list", "billed", "watching")]
        lines.append(f"| {memory} | {work.billed_ms:.0f} | {' | '.join(cells)} |")
    return lines


def _by_model(result: Mapping[str, Any]) -> list[str]:
    lines = ["| sentences by | USD in the month in which all are written |", "| --- | ---: |"]
    return lines + [f"| {model} | {usd:.2f} |" for model, usd in result["sentences_usd"].items()]


def _note(result: Mapping[str, Any]) -> str:
    return (
        f"{result['requests']:,.0f} recommendations a month at {result['memory_mb']} MB, list prices of"
        f" {result['region']}, {result['priced_on']}; * rests on a price that nobody has verified. Free: what every"
        " account has free for ever; *in an account of its own* nothing else uses that up. Computation"
        f" {result['compute_ms']:.2f} ms on one core (measured), {result['wait_ms']:g} ms of waiting (assumed)."
        f" Month 12 stores a year of decisions. The bars with a language model are those of {MODEL}."
    )


def main() -> int:
    """Compute, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=float, default=1e6)
    parser.add_argument("--out", type=Path, default=RESULTS / "cost.json")
    asked = parser.parse_args()
    result = figures(asked.requests)
    print("\n".join(published(result)))
    write_json(asked.out, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
