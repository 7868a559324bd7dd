"""What the leakage gate catches of leaks that it was not written for, and what honest data it refuses.

    python benchmarks/leakage_cases.py [--seeds 0 1 2] [--only NAME ...]

Every case is a bank of 3000 customers (fewer where it says so) in two Parquet files, judged by the same ``prepare`` as
any data. A planted case is caught if it is refused as a leak; "named" says that the message names a planted column.
Recall and false alarms carry 95 % Wilson intervals over cases and seeds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from _leak_bank import StrangersBank
from _leak_innocent import INNOCENT
from _leak_planted import PLANTED
from _machine import machine, one_line

from understudy.atomic import write_json
from understudy.wilson import wilson

ROOT = Path(__file__).resolve().parent.parent
KINDS = {"planted": PLANTED, "innocent": INNOCENT}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "leakage_cases.json")
    asked = parser.parse_args()
    found = {kind: judge(cases, asked.seeds, asked.only) for kind, cases in KINDS.items()}
    result = {"machine": machine(), "seeds": asked.seeds, "cases": found, "rates": rates(found)}
    print("\n".join(published(result)))
    if not asked.only:
        write_json(asked.out, result)


def judge(cases: dict[str, Callable[[StrangersBank], None]], seeds: list[int], only: list[str]) -> dict[str, Any]:
    """Per case and seed: the outcome, whether a planted column is named, what was said."""
    found: dict[str, Any] = {}
    for number, (name, make) in enumerate(cases.items()):
        if only and name not in only:
            continue
        found[name] = []
        for seed in seeds:
            bank = StrangersBank(np.random.default_rng([seed, number]))
            make(bank)
            began = time.perf_counter()
            said = bank.verdict()
            seen = {"outcome": said.outcome, "named": said.named, "message": said.message[:300]}
            found[name].append(seen | {"seconds": round(time.perf_counter() - began, 2)})
    return found


def rates(found: dict[str, Any]) -> dict[str, list[float]]:
    """Share refused as leaks, with its interval: of the planted cases (recall), of the innocent (false alarms)."""
    return {
        kind: _share([run["outcome"] == "refused" for runs in cases.values() for run in runs])
        for kind, cases in found.items()
    }


def _share(hits: list[bool]) -> list[float]:
    share = sum(hits) / max(len(hits), 1)
    return [round(value, 4) for value in (share, *wilson(share, len(hits)))]


def table(found: dict[str, Any]) -> list[str]:
    """Markdown: a row per case."""
    rows = ["| kind | case | refused | error | named |", "| --- | --- | ---: | ---: | ---: |"]
    for kind in KINDS:
        for name, runs in found[kind].items():
            count = {what: sum(run["outcome"] == what for run in runs) for what in ("refused", "error")}
            named = sum(run["named"] and run["outcome"] == "refused" for run in runs) if kind == "planted" else ""
            rows.append(
                f"| {kind} | {name.replace('_', ' ')} | {count['refused']}/{len(runs)} | {count['error']} | {named} |"
            )
    return rows


def published(result: dict[str, Any]) -> list[str]:
    """Every case, recall, false alarms, seeds and the machine."""
    said = ", ".join(
        f"{name} {share:.3f} [{low:.3f}, {high:.3f}]"
        for name, (share, low, high) in zip(
            ("Recall", "false alarms"), (result["rates"][kind] for kind in KINDS), strict=True
        )
    )
    seeds = ", ".join(map(str, result["seeds"]))
    return [*table(result["cases"]), "", f"{said}.", "", f"Seeds {seeds}. {one_line(result['machine'])}."]


if __name__ == "__main__":
    main()
