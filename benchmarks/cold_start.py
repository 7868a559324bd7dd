"""Cold starts under the Lambda runtime client: from starting the process to its first request for an event.

    python benchmarks/cold_start.py [--rounds 9] [--out FILE]

Contenders, by turns: the built zip; the same zip without its bytecode; and the same function on the LightGBM Python
package (with numpy and scipy, as they are installed, with bytecode throughout) in place of the compiled trees. Each
sees its own package and the runtime client, nothing that is installed; files are in the page cache for all of them.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import py_compile
import re
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from _bars import at_most, kept, said
from _machine import machine, one_line
from _served import FEATURES, ROOT, SEED, bundle, customers

from infra.bundling import build_function_zip
from understudy.atomic import write_json
from understudy.audit import Keyring
from understudy.local.client import link_client
from understudy.local.environment import Environment
from understudy.stores import open_store

BARS = {"ratio": 0.4, "unzipped_mb": 80.0, "peak_mb": 160.0}
ARCH: Any = "arm64" if platform.machine() == "aarch64" else "x86_64"
HANDLER = "lambda_app.handler.handler"
ZIP, BARE, PACKAGE = "the zip", "the zip, no bytecode", "on the lightgbm package"


def task_roots(folder: Path) -> dict[str, Path]:
    """Contender -> the directory that its function runs from."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    built = build_function_zip(folder / "function.zip", arch=ARCH, python=python)
    roots = {name: folder / f"task{number}" for number, name in enumerate((ZIP, BARE, PACKAGE))}
    for root in roots.values():
        with zipfile.ZipFile(built) as archive:
            archive.extractall(root)
    for cache in list(roots[BARE].rglob("__pycache__")):
        shutil.rmtree(cache)
    _use_the_package(roots[PACKAGE])
    return roots


def _use_the_package(root: Path) -> None:
    engine = root / "lambda_app" / "engine.py"
    shutil.copy(Path(__file__).with_name("_lightgbm_engine.py"), engine)
    py_compile.compile(str(engine), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH, doraise=True)
    shutil.rmtree(root / "lib")
    for name in _with_requirements("lightgbm"):
        for file in importlib.metadata.files(name) or []:
            source = Path(str(file.locate()))
            if ".." not in file.parts and source.exists():
                target = root / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)  # with its time: bytecode is checked against it


def _with_requirements(name: str) -> set[str]:
    found = {name}
    for line in importlib.metadata.requires(name) or []:
        if "extra ==" not in line:
            found |= _with_requirements(re.split(r"[\s<>=!~;\[]", line, maxsplit=1)[0])
    return found


def start_once(root: Path, variables: Mapping[str, str], client: Path, log: Path) -> dict[str, float]:
    """Milliseconds of the start and of the first answer, and the peak memory (MB) after twenty."""
    environment = Environment(root, HANDLER, variables, log, client=client)
    begun = time.perf_counter()
    environment.start()
    started = first = time.perf_counter()
    try:
        for number in range(20):
            answer = json.loads(environment.invoke(json.dumps(_event(number)).encode(), 30))
            first = time.perf_counter() if number == 0 else first
            if answer["statusCode"] != 200 or '"rules"' in answer["body"]:
                raise RuntimeError(f"not answered by the students: {answer['body'][:300]}")
        status = Path(f"/proc/{environment.pid}/status").read_text(encoding="utf-8")
    finally:
        environment.stop()
    peak = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))
    return {"start_ms": (started - begun) * 1e3, "first_ms": (first - started) * 1e3, "peak_mb": peak / 1024}


def _event(number: int) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": "/v1/recommendations",
        "headers": {"content-type": "application/json"},
        "requestContext": {"http": {"method": "POST", "path": "/v1/recommendations"}, "stage": "$default"},
        "body": json.dumps({"customer_id": f"c-{number}"}),
        "isBase64Encoded": False,
    }


def measure(folder: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Contender -> medians over the rounds, the range of its starts, and its size."""
    roots, client = task_roots(folder), link_client(folder / "client")
    Keyring.create(folder / "keys.json")
    store = open_store(f"sqlite://{folder / 'store.sqlite'}")
    store.put_records(customers(20))
    store.close()
    variables = {
        "UNDERSTUDY_BUNDLE": str(bundle(folder / "bundle.zip")),
        "UNDERSTUDY_STORE": f"sqlite://{folder / 'store.sqlite'}",
        "UNDERSTUDY_AUDIT_KEYS": f"file://{folder / 'keys.json'}",
    }
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in roots}
    for turn in range(rounds + 1):
        for name, root in roots.items():
            found = start_once(root, variables, client, folder / "log")
            if turn:  # the first round fills the page cache
                seen[name].append(found)
    figures = {}
    for name, runs in seen.items():
        starts = [run["start_ms"] for run in runs]
        size = sum(path.stat().st_size for path in roots[name].rglob("*") if path.is_file())
        figures[name] = {key: median(run[key] for run in runs) for key in runs[0]}
        figures[name] |= {"low": min(starts), "high": max(starts), "unzipped_mb": size / 1e6}
    return figures


def verdicts(figures: Mapping[str, Mapping[str, float]]) -> list[dict[str, Any]]:
    """The zip's start as a share of the other's, its size and its memory."""
    own = figures[ZIP]
    ratio = own["start_ms"] / figures[PACKAGE]["start_ms"]
    return [at_most(name, ({**own, "ratio": ratio})[name], bar) for name, bar in BARS.items()]


def main() -> int:
    """Measure, print the table, write the JSON; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "cold_start.json")
    asked = parser.parse_args()
    (ROOT / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="cold-", dir=ROOT / "build") as folder:
        figures = measure(Path(folder), asked.rounds)
    bars = verdicts(figures)
    result = {"machine": machine(), "seed": SEED, "rounds": asked.rounds, "bars": bars, "functions": figures}
    write_json(asked.out, result)
    print("\n".join(published(result)))
    return int(not kept(bars))


def published(result: Mapping[str, Any]) -> list[str]:
    """The starts, the bars and the machine."""
    figures = result["functions"]
    lines = [
        "| function | start, ms (lowest to highest) | x | first answer, ms | unzipped, MB | peak memory, MB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in (ZIP, BARE, PACKAGE):
        f = figures[name]
        relative = f["start_ms"] / figures[PACKAGE]["start_ms"]
        lines.append(
            f"| {name} | {f['start_ms']:.0f} ({f['low']:.0f} to {f['high']:.0f}) | {relative:.2f} "
            f"| {f['first_ms']:.1f} | {f['unzipped_mb']:.0f} | {f['peak_mb']:.0f} |"
        )
    about = f"13 tasks, {FEATURES} features, {result['rounds']} rounds; {one_line(result['machine'])}."
    return [*lines, "", *said(result["bars"]), "", about]


if __name__ == "__main__":
    sys.exit(main())
