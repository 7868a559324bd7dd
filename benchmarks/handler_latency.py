"""The whole handler, warm: parse, read, 13 scores, ranking, reasons, Safety Gate, audit entry, answer.

    python benchmarks/handler_latency.py [--requests 2000] [--moto-requests 150] [--out FILE]

Three stores by turns: SQLite on disk (each audit entry is synced), SQLite in memory-backed files (what the disk does
not cost), DynamoDB as moto emulates it in this process (what the client library and the emulation cost). Beside them
stands a bare commit of one row on the same disk: the part of the first figure that is the disk's.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from _bars import at_most, kept, said
from _machine import machine, one_line
from _served import FEATURES, ROOT, SEED, bundle, customers
from _timing import percentile
from moto import mock_aws

from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.settings import Settings
from understudy.atomic import write_json
from understudy.audit import Keyring
from understudy.stores import open_store
from understudy.stores.tables import TABLES

# So many that hardly a text is one that was judged before.
CUSTOMERS, WARM = 1000, 100
BARS = {"p50": 3.0, "p99": 10.0}
DISK = "SQLite, disk"
MEMORY = Path("/dev/shm")


def event(number: int) -> dict[str, Any]:
    """The request for one of the customers, in Korean and English by turns."""
    body = {"customer_id": f"c-{number % CUSTOMERS}", "locale": ("ko", "en")[number // CUSTOMERS % 2]}
    return {
        "version": "2.0",
        "rawPath": "/v1/recommendations",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/v1/recommendations"}, "stage": "$default"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


@contextlib.contextmanager
def tables() -> Iterator[str]:
    """DynamoDB tables on moto; yields the store's URL."""
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
    }
    with mock_aws():
        client = boto3.client("dynamodb")
        for table in TABLES:
            keys = [(table.partition, "HASH")] + ([(table.sort, "RANGE")] if table.sort else [])
            client.create_table(
                TableName=table.name("bench"),
                KeySchema=[{"AttributeName": key[0], "KeyType": role} for key, role in keys],
                AttributeDefinitions=[{"AttributeName": key[0], "AttributeType": key[1]} for key, _ in keys],
                BillingMode="PAY_PER_REQUEST",
            )
        yield "dynamodb://bench"


def application(zipped: Path, store_url: str, keys: Path) -> App:
    """The function on a store that knows the customers."""
    store = open_store(store_url)
    store.put_records(customers(CUSTOMERS))
    return App(
        Settings(understudy_bundle=str(zipped), understudy_store=store_url, understudy_audit_keys=f"file://{keys}")
    )


def answer(app: App, number: int) -> float:
    """Milliseconds of one request.

    Raises:
        RuntimeError: it was not answered with recommendations and reasons.
    """
    asked = event(number)
    entry.application = lambda: app  # type: ignore[assignment]
    with contextlib.redirect_stdout(io.StringIO()):
        start = time.perf_counter()
        response = entry.handler(asked, None)
        took = (time.perf_counter() - start) * 1e3
    body = json.loads(response["body"])
    if response["statusCode"] != 200 or not all(r["reason"]["text"] for r in body["recommendations"]):
        raise RuntimeError(f"status {response['statusCode']}: {response['body'][:300]}")
    return took


def bare_commits(folder: Path, count: int) -> list[float]:
    """Milliseconds of committing one 8 KiB row, synced, as the audit log does."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE t (body BLOB)"):
        connection.execute(statement)
    times = []
    for _ in range(count):
        start = time.perf_counter()
        connection.execute("INSERT INTO t VALUES (?)", (b"x" * 8192,))
        times.append((time.perf_counter() - start) * 1e3)
    connection.close()
    return times


def measure(folder: Path, memory: Path, asked: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Store -> p50, p99 and number of requests."""
    zipped, keys = bundle(folder / "bundle.zip"), folder / "keys.json"
    Keyring.create(keys)
    times: dict[str, list[float]] = {DISK: [], "SQLite, memory": [], "DynamoDB, moto": []}
    with tables() as dynamodb:
        urls = (f"sqlite://{folder / 's.sqlite'}", f"sqlite://{memory / 's.sqlite'}", dynamodb)
        apps = {name: application(zipped, url, keys) for name, url in zip(times, urls, strict=True)}
        for app in apps.values():
            for number in range(WARM):
                answer(app, number)
        gc.collect()
        for number in range(asked.requests):
            for name, app in apps.items():
                if name != "DynamoDB, moto" or number < asked.moto_requests:
                    times[name].append(answer(app, number))
    times["a bare commit, disk"] = bare_commits(folder, min(500, asked.requests))
    return {
        name: {"p50": percentile(taken, 0.5), "p99": percentile(taken, 0.99), "requests": len(taken)}
        for name, taken in times.items()
    }


def verdicts(figures: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """The percentiles on the disk against their bars."""
    return [at_most(f"{name}, ms, {DISK}", figures[DISK][name], bar) for name, bar in BARS.items()]


def main() -> int:
    """Measure, print the table, write the JSON; exit code 1 if a bar is missed on SQLite."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--moto-requests", type=int, default=150)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "handler_latency.json")
    asked = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="handler-", dir=ROOT / "build")))
        memory = stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None))
        figures = measure(folder, Path(memory), asked)
    bars = verdicts(figures)
    result = {"machine": machine(), "seed": SEED, "bars": bars, "stores": figures}
    write_json(asked.out, result)
    print("\n".join(published(result)))
    return int(not kept(bars))


def published(result: Mapping[str, Any]) -> list[str]:
    """The percentiles, the bars and the machine."""
    lines = ["| whole warm handler, ms | p50 | p99 | requests |", "| --- | ---: | ---: | ---: |"]
    for name, f in sorted(result["stores"].items(), key=lambda item: item[1]["p50"]):
        lines.append(f"| {name} | {f['p50']:.2f} | {f['p99']:.2f} | {f['requests']} |")
    about = f"13 tasks, {FEATURES} features, 3 reasons a request; {one_line(result['machine'])}."
    return [*lines, "", *said(result["bars"]), "", about]


if __name__ == "__main__":
    sys.exit(main())
