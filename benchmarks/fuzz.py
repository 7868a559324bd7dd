"""Ten thousand generated events for the handler, and schemathesis on the OpenAPI document against the local front.

    python benchmarks/fuzz.py [--examples 10000] [--per-operation 200] [--seed 7] [--out FILE]

Every answer must be a known status with a problem body where it is an error: no 5xx, no traceback, no echo of the
input, and nothing of it in the logs. Against the front, each answer must also match the document: status, content type
and schema. Exit code 1 at the first one that does not.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "fixtures"))  # the bundle and the events are those of the tests

import tiny_bundle  # noqa: E402
from _bars import at_most, kept, said  # noqa: E402
from _machine import machine, one_line  # noqa: E402
from fuzz_events import ADMIN_TOKEN, MARK, bearer, complaint, events  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402

from lambda_app import handler as entry  # noqa: E402
from lambda_app.app import App  # noqa: E402
from lambda_app.settings import Settings  # noqa: E402
from understudy.atomic import write_json  # noqa: E402
from understudy.audit import Keyring, fsck  # noqa: E402
from understudy.local import LocalFunction  # noqa: E402
from understudy.stores import open_store  # noqa: E402


@contextlib.contextmanager
def variables() -> Iterator[dict[str, str]]:
    """The settings of a function with the small bundle, a store with its customer, and keys."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        Keyring.create(folder / "keys.json")
        url = f"sqlite://{folder / 'store.sqlite'}"
        store = open_store(url)
        store.put_records([tiny_bundle.customer()])
        store.close()
        yield {
            "UNDERSTUDY_BUNDLE": str(tiny_bundle.write(folder / "bundle")),
            "UNDERSTUDY_STORE": url,
            "UNDERSTUDY_AUDIT_KEYS": f"file://{folder / 'keys.json'}",
            "UNDERSTUDY_ADMIN_TOKEN": ADMIN_TOKEN,
        }


def fuzz_handler(examples: int, number: int) -> dict[str, Any]:
    """``examples`` generated events; statuses and their counts.

    Raises:
        AssertionError: an answer broke a promise; hypothesis shows the smallest event that does it.
    """
    seen: Counter[int] = Counter()
    with variables() as env:
        app = App(Settings.from_environment(env))
        entry.application.cache_clear()
        entry.__dict__["application"] = lambda: app

        @seed(number)
        @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(event=events())
        def one(event: Any) -> None:
            logs = io.StringIO()
            with contextlib.redirect_stdout(logs):
                response = entry.handler(event, None)
            seen[response["statusCode"]] += 1
            found = complaint(response)
            assert found is None, found
            assert MARK not in logs.getvalue(), "input in the logs"

        one()
        report = fsck(app.backing.store, app.backing.keyring)
        assert report.verdict == "clean", report
    return {"events": sum(seen.values()), "statuses": dict(sorted(seen.items())), "entries": report.entries}


def fuzz_front(per_operation: int, number: int) -> dict[str, Any]:
    """Schemathesis on every operation of the document; statuses and their counts.

    Raises:
        schemathesis.FailureGroup: an answer is a 5xx, or is not what the document says.
    """
    import schemathesis
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        response_schema_conformance,
        status_code_conformance,
    )

    from lambda_app.openapi import openapi

    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    seen: Counter[int] = Counter()
    operations = 0
    schema = schemathesis.openapi.from_dict(openapi())
    with variables() as env, tempfile.TemporaryDirectory() as folder:
        with LocalFunction(ROOT, env, workers=2, log=Path(folder) / "log") as function:
            for result in schema.get_all_operations():
                operation = result.ok()
                operations += 1

                @seed(number)
                @settings(
                    max_examples=per_operation,
                    deadline=None,
                    database=None,
                    phases=[Phase.explicit, Phase.generate],
                    suppress_health_check=list(HealthCheck),
                )
                @given(case=operation.as_strategy())
                def one(case: Any) -> None:
                    response = case.call(base_url=function.url, headers={"authorization": bearer})
                    seen[response.status_code] += 1
                    assert "Traceback" not in response.text
                    case.validate_response(response, checks=checks)

                one()
        logs = (Path(folder) / "log").read_text(encoding="utf-8")
        defects = [line for line in logs.splitlines() if '"event":"defect"' in line]
        assert not defects, defects[0]
    return {
        "schemathesis": schemathesis.__version__,
        "operations": operations,
        "requests": sum(seen.values()),
        "statuses": dict(sorted(seen.items())),
    }


def main() -> int:
    """Run both; print and store what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--per-operation", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "fuzz.json")
    options = parser.parse_args()
    started = time.monotonic()
    result: dict[str, Any] = {
        "machine": machine(),
        "seed": options.seed,
        "handler": fuzz_handler(options.examples, options.seed),
        "front": fuzz_front(options.per_operation, options.seed),
        "seconds": round(time.monotonic() - started, 1),
    }
    result["bars"] = verdicts(result)
    write_json(options.out, result)
    print("\n".join(published(result)))
    return int(not kept(result["bars"]))


def published(result: dict[str, Any]) -> list[str]:
    """The answers, the bars and the machine."""
    return [*table(result), "", *said(result["bars"]), "", f"Seed {result['seed']}. {one_line(result['machine'])}."]


def verdicts(result: dict[str, Any]) -> list[dict[str, Any]]:
    """No answer is a 5xx. Any other broken promise has ended the run before."""
    return [
        at_most(f"5xx, {name}", sum(n for status, n in result[name]["statuses"].items() if int(status) >= 500), 0)
        for name in ("handler", "front")
    ]


def table(result: dict[str, Any]) -> list[str]:
    """Markdown: how often each status was answered."""
    statuses = sorted({int(status) for name in ("handler", "front") for status in result[name]["statuses"]})
    lines = ["| answers | " + " | ".join(map(str, statuses)) + " |", "| --- |" + " ---: |" * len(statuses)]
    for name, what in (("handler", "generated events, handler"), ("front", "schemathesis, local front")):
        counts = {int(status): n for status, n in result[name]["statuses"].items()}
        lines.append(f"| {what} | " + " | ".join(str(counts.get(status, 0)) for status in statuses) + " |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
