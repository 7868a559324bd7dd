"""Requests per second on one core: this function against FastAPI and BentoML services on the LightGBM package.

    python benchmarks/against_services.py [--rounds 5] [--seconds 4] [--connections 8] [--only NAME ...] [--out FILE]

Every server runs on one core, in one worker process, and the requests come from another core, over a few connections
that each ask again as soon as they have their answer. All have the same 13 models (349 features, some 4 400 trees) and
the same customers, and are measured by turns. What each does for a request:

* this function: reads the customer, switches and rights from SQLite; 13 scores; ranks and filters the catalog; the
  contributions behind three reasons; words and safety-checks the reasons; seals, chains and writes an audit entry.
  Behind uvicorn, behind the local front (which stands for API Gateway and Lambda and is slower than they are per core),
  and without any HTTP. On memory-backed files, and on the disk, where each entry is synced before the answer.
* FastAPI, BentoML: 13 x ``Booster.predict``, one ``pred_contrib``. Customers lie in memory, nothing is written.
* FastAPI, same work: reads the features from SQLite, three ``pred_contrib``, writes the answer to SQLite, synced. No
  rights, ranking, reasons, checks, sealing or chain.

Rates are per second of the clock, and per second of processor time of the server and all its children.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__":
    from _comparators import rerun_with_comparators

    rerun_with_comparators()

from _bars import at_least, kept, said
from _machine import machine, one_line
from _served import FEATURES, ROOT, SEED, bundle, customers, texts
from _servers import Contender, Round, Server, running

from understudy.atomic import write_json
from understudy.audit import Keyring
from understudy.stores import open_store

BENCHMARKS = Path(__file__).resolve().parent
MEMORY = Path("/dev/shm")
CUSTOMERS = 2000  # so many that hardly a text of this function is one that was judged before
OWN, OWN_DISK = "this function, uvicorn", "this function, uvicorn, synced to disk"
FRONT, ALONE = "this function, local front", "this function, no HTTP"
FAST, FAST_SAME = "FastAPI", "FastAPI, same work"
FAST_SAME_DISK, BENTO = "FastAPI, same work, synced to disk", "BentoML"
# Rates per core: this function's as a multiple of the service's, which does far less for a request.
BARS = {FAST: 2.0}


def contenders(folder: Path, memory: Path) -> dict[str, Contender]:
    """Name -> how it is started. Writes what they read into ``folder`` (on the disk) and ``memory``."""
    package = _package(folder)
    records = customers(CUSTOMERS)
    models = folder / "models"
    models.mkdir()
    for name, text in texts().items():
        (models / f"{name}.txt").write_text(text, encoding="utf-8")
    columns = _columns(records)
    (folder / "rows.json").write_text(json.dumps(columns), encoding="utf-8")
    zipped = bundle(folder / "bundle.zip")
    own = {place: _own(place, zipped, records) for place in (folder, memory)}
    ids = json.dumps([record.customer_id for record in records])
    uvicorn = [sys.executable, "-m", "uvicorn", "--port", "{port}", "--log-level", "warning", "--no-access-log"]
    script = [sys.executable, str(BENCHMARKS / "_service_understudy.py")]
    here, inside = [BENCHMARKS], [package / "task", BENCHMARKS]
    plain = {"SERVICE_FOLDER": str(folder), "SERVICE_CONTRIBUTIONS": "1"}
    same = plain | {"SERVICE_CONTRIBUTIONS": "3"}
    bento = [sys.executable, "-m", "bentoml", "serve", "_service_bentoml:Students", "--port", "{port}", "--host"]
    quiet = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder / "bentoml")}
    service = ["_service_understudy:app"]
    return {
        OWN: Contender([*uvicorn, *service], own[memory], inside),
        OWN_DISK: Contender([*uvicorn, *service], own[folder], inside),
        FRONT: Contender([*script, "front", "{port}", str(package / "function.zip")], own[memory], [ROOT, *here]),
        ALONE: Contender([*script, "handler"], own[memory] | {"SERVICE_CUSTOMERS": ids}, inside, loop=True),
        FAST: Contender([*uvicorn, "_service_fastapi:app"], plain, here),
        FAST_SAME: Contender([*uvicorn, "_service_fastapi:app"], same | {"SERVICE_STORE": str(memory / "s.db")}, here),
        FAST_SAME_DISK: Contender(
            [*uvicorn, "_service_fastapi:app"], same | {"SERVICE_STORE": str(folder / "s.db")}, here
        ),
        BENTO: Contender([*bento, "127.0.0.1", "--working-dir", str(BENCHMARKS)], plain | quiet, here),
    }


def _package(folder: Path) -> Path:
    from infra.bundling import build_function_zip

    arch: Any = "arm64" if os.uname().machine == "aarch64" else "x86_64"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    with zipfile.ZipFile(build_function_zip(folder / "function.zip", arch=arch, python=python)) as archive:
        archive.extractall(folder / "task")
    return folder


def _columns(records: Any) -> dict[str, list[float | None]]:
    """Customer -> values in schema order, as the students read them."""
    from _served import schema

    from understudy.contracts.features import encode

    columns = schema()
    found = {}
    for record in records:
        vector, _ = encode(columns, record.features)
        found[record.customer_id] = [value if value == value else None for value in vector]
    return found


def _own(place: Path, zipped: Path, records: Any) -> dict[str, str]:
    """The function's variables, with a store and keys in ``place``."""
    Keyring.create(place / "keys.json")
    url = f"sqlite://{place / 'store.sqlite'}"
    store = open_store(url)
    store.put_records(records)
    store.close()
    return {
        "UNDERSTUDY_BUNDLE": str(zipped),
        "UNDERSTUDY_STORE": url,
        "UNDERSTUDY_AUDIT_KEYS": f"file://{place / 'keys.json'}",
    }


def measure(
    servers: Mapping[str, Server], names: list[str], *, rounds: int, connections: int, seconds: float
) -> dict[str, dict[str, Any]]:
    """Name -> the median of each figure over the rounds, and the lowest and highest rate per core.

    Raises:
        RuntimeError: a request was not answered with 200.
    """
    seen: dict[str, list[Round]] = {name: [] for name in servers}
    order = list(servers)
    for turn in range(-1, rounds):  # the first one warms up
        shift = turn % len(order)
        for name in order[shift:] + order[:shift]:
            print(f"round {turn + 1}: {name}", file=sys.stderr)
            found = servers[name].turn(names, connections, seconds if turn >= 0 else min(1.0, seconds))
            if found.errors or not found.requests:
                raise RuntimeError(f"{name}: {found.errors} errors in {found.requests} requests")
            if turn >= 0:
                seen[name].append(found)
    return {name: _summary(found) for name, found in seen.items()}


def _summary(found: list[Round]) -> dict[str, Any]:
    figures = [one.figures() for one in found]
    rates = [one["per_core_s"] for one in figures]
    summary: dict[str, Any] = {key: median(one[key] for one in figures) for key in figures[0]}
    return summary | {"low": min(rates), "high": max(rates), "requests": sum(one.requests for one in found)}


def verdicts(figures: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """This function's rate per core as a multiple of the services', where both were measured."""
    own = figures.get(OWN)
    return [
        at_least(f"{OWN} / {name}", own["per_core_s"] / figures[name]["per_core_s"], bar)
        for name, bar in BARS.items()
        if own is not None and name in figures
    ]


def table(figures: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Markdown, the fastest per core first."""
    lines = [
        "| one core | requests/s | per core-second (spread) | x FastAPI | x same work | p50 ms | p99 ms |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, f in sorted(figures.items(), key=lambda item: -item[1]["per_core_s"]):
        relative = " | ".join(_multiple(f, figures.get(to)) for to in (FAST, FAST_SAME))
        spread = f"{f['per_core_s']:.0f} ({f['low']:.0f} to {f['high']:.0f})"
        lines.append(f"| {name} | {f['per_s']:.0f} | {spread} | {relative} | {f['p50_ms']:.2f} | {f['p99_ms']:.2f} |")
    return lines


def _multiple(figure: Mapping[str, Any], to: Mapping[str, Any] | None) -> str:
    return "unknown" if to is None else f"{figure['per_core_s'] / to['per_core_s']:.2f}"


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, write the JSON; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--only", nargs="+", metavar="NAME")
    parser.add_argument("--out", type=Path, default=BENCHMARKS / "results" / "against_services.json")
    asked = parser.parse_args(arguments)
    names = [record.customer_id for record in customers(CUSTOMERS)]
    with contextlib.ExitStack() as stack:
        (ROOT / "build").mkdir(exist_ok=True)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="services-", dir=ROOT / "build")))
        memory = stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None))
        all_of_them = contenders(folder, Path(memory))
        wanted = {name: one for name, one in all_of_them.items() if not asked.only or name in asked.only}
        servers = stack.enter_context(running(wanted, folder / "log"))
        figures = measure(servers, names, rounds=asked.rounds, connections=asked.connections, seconds=asked.seconds)
    bars = verdicts(figures)
    result = {"machine": machine(), "seed": SEED, "rounds": asked.rounds, "seconds": asked.seconds}
    result |= {"connections": asked.connections, "bars": bars, "services": figures}
    write_json(asked.out, result)
    print("\n".join(published(result)))
    return int(not kept(bars))


def published(result: Mapping[str, Any]) -> list[str]:
    """The services, the bars and the machine."""
    size = f"13 tasks, {FEATURES} features, {result['connections']} connections, {result['rounds']} rounds"
    return [*table(result["services"]), "", *said(result["bars"]), "", f"{size}; {one_line(result['machine'])}."]


if __name__ == "__main__":
    sys.exit(main())
