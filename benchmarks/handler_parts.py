"""What of a warm request no code around it can save: scores, contributions, one read, one sealed and chained entry.

    python benchmarks/handler_parts.py [--rounds 7] [--calls 60] [--out FILE]

Each part is called alone, as a request calls it and with what a request gave it, by turns with the whole handler
(`handler_latency.py`: the same bundle), on memory-backed SQLite, in processor time. Left over is everything else:
parsing, rights, switches, encoding, ranking, facts, words, Safety Gate, reviews, metrics, the answer.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any
from uuid import uuid4

from _machine import machine, one_line
from _served import FEATURES, ROOT, SEED, bundle, customers
from _timing import interleaved
from handler_latency import event

from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.engine import Panel, Student, as_row
from lambda_app.settings import Settings
from understudy.atomic import write_json
from understudy.audit import Keyring
from understudy.audit.encryption import associated, encode, seal
from understudy.bundle import load_bundle
from understudy.contracts.features import encode as encode_features
from understudy.stores import open_store

MEMORY = Path("/dev/shm")
WHOLE = "the whole handler"
# Part -> how often a request does it; contributions: the mean number of different main drivers of three products.
OFTEN = {"13 scores": 1.0, "contributions to one score": 1.34, "read of the customer": 1.0, "JSON and seal": 1.0}
WRITE = "entry: chain, commit"


def parts(folder: Path, known: int) -> dict[str, Callable[[int], Any]]:
    """Name -> what is timed; ``JSON and seal`` is part of the entry too, and taken off it in `figures`."""
    records = customers(known)
    url = f"sqlite://{folder / 'store.sqlite'}"
    Keyring.create(folder / "keys.json")
    store = open_store(url)
    store.put_records(records)
    store.close()
    zipped = bundle(folder / "bundle.zip")
    keys = f"file://{folder / 'keys.json'}"
    app = App(Settings(understudy_bundle=str(zipped), understudy_store=url, understudy_audit_keys=keys))
    entry.__dict__["application"] = lambda: app
    asked = count()

    def whole(_: int) -> None:
        number = next(asked)
        sent = event(number) | {"body": f'{{"customer_id":"c-{number % known}"}}'}
        with contextlib.redirect_stdout(io.StringIO()):
            if entry.handler(sent, None)["statusCode"] != 200:
                raise RuntimeError("the handler refused")

    taken: list[tuple[Any, ...]] = []
    log = app.backing.log
    append, log.append = log.append, lambda *a, **k: taken.append((a, k)) or append(*a, **k)  # type: ignore[method-assign, func-returns-value]
    for _ in range(known + 1):  # every customer has a key by now, and the first one's is read with them
        whole(0)
    log.append = append  # type: ignore[method-assign]
    loaded = load_bundle(zipped)
    schema = loaded.manifest.features
    rows = [as_row(encode_features(schema, record.features)[0]) for record in records[:200]]
    students = {
        task.name: Student(loaded.read(ref.path), features=FEATURES, outputs=len(ref.base))
        for task in loaded.manifest.tasks
        if (ref := task.distilled)
    }
    panel, one = Panel(list(students.values())), students["will_acquire_deposits"]
    (kind, readable, *_), options = taken[-1]
    personal = options["personal"]
    bound = associated(kind, readable["pseudonym"], "0" * 16)

    def write(_: int) -> None:
        log.append(kind, {**readable, "request_id": str(uuid4())}, personal=personal)

    return {
        WHOLE: whole,
        "13 scores": lambda number: panel.raw(rows[number % len(rows)]),
        "contributions to one score": lambda number: one.contributions(rows[number % len(rows)]),
        "read of the customer": lambda number: app.backing.store.read_context(f"c-{number % known}", schema.version),
        "JSON and seal": lambda _: seal(b"k" * 32, "0" * 16, encode(personal.content), bound),
        WRITE: write,
    }


def figures(seen: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Part -> milliseconds of processor time, and its share of the whole; ``everything else`` is what is left."""
    times = {name: seen[name]["ms"] * often for name, often in OFTEN.items()}
    times[WRITE] = max(0.0, seen[WRITE]["ms"] - seen["JSON and seal"]["ms"])
    whole = seen[WHOLE]["ms"]
    times["everything else"] = whole - sum(times.values())
    times[WHOLE] = whole
    return {name: {"ms": ms, "share": ms / whole} for name, ms in times.items()}


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "handler_parts.json")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        seen = interleaved(
            parts(Path(name), asked.customers), rounds=asked.rounds, calls=asked.calls, clock=process_time
        )
    result = {"machine": machine(), "seed": SEED, "rounds": asked.rounds, "customers": asked.customers}
    result |= {"parts": figures(seen), "seen": seen}
    write_json(asked.out, result)
    print("\n".join(published(result)))
    return 0


def published(result: Mapping[str, Any]) -> list[str]:
    """The parts and the machine."""
    lines = ["| of a warm request | processor, ms | share |", "| --- | ---: | ---: |"]
    lines += [f"| {name} | {part['ms']:.2f} | {part['share']:.0%} |" for name, part in result["parts"].items()]
    about = f"13 tasks, {FEATURES} features, {result['customers']} customers, {result['rounds']} rounds"
    return [*lines, "", f"{about}; {one_line(result['machine'])}."]


if __name__ == "__main__":
    sys.exit(main())
