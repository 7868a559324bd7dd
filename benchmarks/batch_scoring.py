"""Rows per second of batch scoring on one core, and whether time is linear in rows.

    python benchmarks/batch_scoring.py [--sizes 1000 10000 100000] [--rounds 3] [--out FILE]

* scores, this engine: 13 scores of each row, from its plain list of values on, all 13 of a row in one call, row by row:
  as the routes do, where a customer's rights are read just before the customer is scored.
* scores, Booster.predict: 13 x ``Booster.predict`` on the whole matrix at once, on one thread.
* decisions: scores, ranking, filters, three contributions, reasons and the Safety Gate (what ``decide_all`` does).
* batch route: the handler with batches of 100 items, each with its reads and its audit entry (memory-backed SQLite).

Rows are `customers` of the serving figures; larger sizes go round them. By turns; the smaller sizes have more rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice, repeat
from pathlib import Path
from statistics import median
from typing import Any

import lightgbm as lgb
import numpy as np
from _bars import at_least, at_most, kept, said
from _growth import exponent
from _growth import said as said_exponent
from _machine import machine, one_line
from _served import FEATURES, ROOT, SEED, bundle, customers, rows, texts

from infra.trees import build_trees
from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.decision import Decider
from lambda_app.engine import Panel, Student, as_row
from lambda_app.settings import Settings
from understudy.atomic import write_json
from understudy.audit import Keyring
from understudy.bundle import load_bundle
from understudy.cli.population import decide_all
from understudy.contracts.api import MAX_BATCH, CustomerRecord
from understudy.stores import open_store

ENGINE, PACKAGE = "scores, this engine", "scores, Booster.predict"
DECISIONS, ROUTE = "decisions", "batch route"
BAR_RATIO = 1.5  # rows per second of this engine, as a multiple of Booster.predict's
BAR_EXPONENT = 1.05  # the lower end of the interval must not lie above it
KNOWN = 1000  # customers in the store
MEMORY = Path("/dev/shm")
Work = Callable[[int], None]


def score_work(largest: int) -> dict[str, Work]:
    """The ways to the 13 scores; all get the same values, and give the same raw scores to the last bit.

    Raises:
        RuntimeError: they do not.
    """
    x = rows(largest, SEED + 3)
    models = texts()
    boosters = [lgb.Booster(model_str=text) for text in models.values()]
    outputs = [booster.num_model_per_iteration() for booster in boosters]
    students = [
        Student(text.encode(), features=FEATURES, outputs=count)
        for text, count in zip(models.values(), outputs, strict=True)
    ]

    panel = Panel(students)

    def engine(count: int) -> None:
        for values in x[:count]:
            panel.raw(as_row(values.tolist()))

    def package(count: int) -> None:
        for booster in boosters:
            booster.predict(x[:count], raw_score=True, num_threads=1)

    ours = np.array([list(chain.from_iterable(panel.raw(as_row(values.tolist())))) for values in x[:32]])
    theirs = [booster.predict(x[:32], raw_score=True, num_threads=1).reshape(len(ours), -1) for booster in boosters]
    if not np.array_equal(ours, np.hstack(theirs)):
        raise RuntimeError("the engine and the package disagree")
    return {ENGINE: engine, PACKAGE: package}


def decision_work(zipped: Path, folder: Path, records: Sequence[CustomerRecord]) -> dict[str, Work]:
    """Decisions alone, and the batch route with its store."""
    loaded = load_bundle(zipped)
    decider = Decider(loaded)

    def decide(count: int) -> None:
        endless = chain.from_iterable(repeat(records))
        for _ in decide_all(loaded, islice(endless, count), locale="ko", channel="branch", decider=decider):
            pass

    Keyring.create(folder / "keys.json")
    url = f"sqlite://{folder / 'store.sqlite'}"
    store = open_store(url)
    store.put_records(records)
    store.close()
    keys = f"file://{folder / 'keys.json'}"
    app = App(Settings(understudy_bundle=str(zipped), understudy_store=url, understudy_audit_keys=keys))
    ids = [record.customer_id for record in records]

    def route(count: int) -> None:
        entry.__dict__["application"] = lambda: app
        for start in range(0, count, MAX_BATCH):
            asked = [ids[place % len(ids)] for place in range(start, min(count, start + MAX_BATCH))]
            ask_batch(asked)

    return {DECISIONS: decide, ROUTE: route}


def ask_batch(asked: Sequence[str]) -> None:
    """One event with these customers.

    Raises:
        RuntimeError: not all of them were answered.
    """
    event = {
        "version": "2.0",
        "rawPath": "/v1/recommendations/batch",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/v1/recommendations/batch"}, "stage": "$default"},
        "body": json.dumps({"items": [{"customer_id": one} for one in asked]}),
        "isBase64Encoded": False,
    }
    with contextlib.redirect_stdout(io.StringIO()):
        response = entry.handler(event, None)
    found = json.loads(response["body"])
    if response["statusCode"] != 200 or found["answered"] != len(asked):
        raise RuntimeError(f"status {response['statusCode']}: {response['body'][:300]}")


def measure(work: Mapping[str, Work], sizes: Sequence[int], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Work -> size -> seconds of processor time of each round; all but the largest size have twice the rounds."""
    seen: dict[str, dict[str, list[float]]] = {name: {str(size): [] for size in sizes} for name in work}
    for one in work.values():
        one(min(sizes[0], 200))
    for size in sizes:
        for _ in range(rounds if size == max(sizes) else 2 * rounds):
            for name, one in work.items():
                gc.collect()
                start = time.process_time()
                one(size)
                seen[name][str(size)].append(time.process_time() - start)
    return seen


def summary(seen: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, dict[str, Any]]:
    """Work -> rows per second by size (median, lowest, highest), and the exponent of its growth with its interval."""
    found = {}
    for name, by_size in seen.items():
        rates = {size: sorted(int(size) / seconds for seconds in times) for size, times in by_size.items()}
        points = [(int(size), seconds) for size, times in by_size.items() for seconds in times]
        per_s = {size: {"median": median(r), "low": r[0], "high": r[-1]} for size, r in rates.items()}
        found[name] = {"rows_per_s": per_s, "exponent": exponent(points) if len(by_size) > 1 else [None, None, None]}
    return found


def verdicts(figures: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rate at the largest size against the package's, and the lower ends of the exponents' intervals."""
    largest = max(figures[ENGINE]["rows_per_s"], key=int)
    ours, theirs = (figures[name]["rows_per_s"][largest]["median"] for name in (ENGINE, PACKAGE))
    found = [at_least(f"{ENGINE} / {PACKAGE}", ours / theirs, BAR_RATIO)]
    for name, figure in figures.items():
        slope, low, _ = figure["exponent"]
        if slope is not None and name != PACKAGE:
            found.append(at_most(f"exponent (lower end), {name}", slope if low is None else low, BAR_EXPONENT))
    return found


def table(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Markdown."""
    sizes = sorted({size for figure in figures.values() for size in figure["rows_per_s"]}, key=int)
    lines = ["| rows per core-second | " + " | ".join(f"{int(size):,} rows" for size in sizes) + " | exponent |"]
    lines.append("| --- |" + " ---: |" * (len(sizes) + 1))
    for name, figure in figures.items():
        cells = [_cell(figure["rows_per_s"][size]) if size in figure["rows_per_s"] else "" for size in sizes]
        lines.append(f"| {name} | {' | '.join(cells)} | {said_exponent(figure['exponent'], 3)} |")
    return lines


def _cell(rate: Mapping[str, float]) -> str:
    return f"{rate['median']:,.0f} ({rate['low']:,.0f} to {rate['high']:,.0f})"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, write the JSON; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--decisions", type=int, default=10_000, help="largest size of the two that decide")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "batch_scoring.json")
    asked = parser.parse_args(arguments)
    build_trees(machine()["system"].split()[-1])
    sizes = sorted(asked.sizes)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        deciding = decision_work(bundle(folder / "bundle.zip"), folder, customers(KNOWN))
        seen = measure(score_work(sizes[-1]), sizes, asked.rounds)
        seen |= measure(deciding, [size for size in sizes if size <= asked.decisions] or sizes[:1], asked.rounds)
    figures = summary(seen)
    bars = verdicts(figures)
    result = {"machine": machine(), "seed": SEED, "rounds": asked.rounds, "bars": bars, "work": figures}
    write_json(asked.out, result | {"seconds": seen})
    print("\n".join(published(result)))
    return int(not kept(bars))


def published(result: Mapping[str, Any]) -> list[str]:
    """The rates, the bars and the machine."""
    about = f"13 tasks, {FEATURES} features, {result['rounds']} rounds; {one_line(result['machine'])}."
    return [*table(result["work"]), "", *said(result["bars"]), "", about]


if __name__ == "__main__":
    sys.exit(main())
