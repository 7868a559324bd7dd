"""What one recommendation uses of the cloud: DynamoDB units, KMS calls, bytes stored and logged, custom metrics.

    python benchmarks/request_footprint.py [--requests 50] [--out FILE]

The warm handler on emulated tables and keys; every call of the SDK is counted, by the rules that DynamoDB bills by:
a strong read costs one unit per 4 KB of each item, a write one per KB, and twice that in a transaction. Counts, not
times: a busy machine does not change them. `understudy cost` reads the result.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from _machine import machine
from _served import ROOT, SEED, bundle, customers
from botocore.client import BaseClient
from handler_latency import event, tables

from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.settings import Settings
from understudy.atomic import write_json
from understudy.audit import Keyring
from understudy.stores import open_store
from understudy.stores.tables import HEADS

# Beside a good answer's: refusals, which some request of each hour gets, and the two of the checkpoint function.
OTHER_METRICS = 3
# Lambda's own three lines for an invocation, and the gateway's access log: their usual length.
PLATFORM_BYTES = 1100


def size_of(value: Any) -> int:
    """Bytes of an attribute value or an item, as DynamoDB counts them (names and values)."""
    if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in {"S", "N", "B", "M", "L", "BOOL", "NULL"}:
        ((kind, content),) = value.items()
        if kind == "M":
            return 3 + size_of(content)
        if kind == "L":
            return 3 + sum(1 + size_of(one) for one in content)
        return len(content) if isinstance(content, bytes) else len(str(content).encode())
    return sum(len(name.encode()) + size_of(content) for name, content in value.items())


def replaces(put: dict[str, Any]) -> bool:
    """Whether a put takes the place of an item that is there: a head, or a document's later version."""
    version = put["Item"].get("version", {"N": "1"})["N"]
    return str(put["TableName"]).endswith(HEADS.suffix) or version != "1"


@contextlib.contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count what the block's calls use."""
    used: Counter[str] = Counter()
    call = BaseClient._make_api_call

    def watched(client: Any, operation: str, arguments: Any) -> Any:
        answer = call(client, operation, arguments)
        service = client.meta.service_model.service_name
        if service == "kms":
            used["kms_requests"] += 1
        elif operation == "BatchGetItem":
            found = [item for items in answer["Responses"].values() for item in items]
            asked = sum(len(part["Keys"]) for part in arguments["RequestItems"].values())
            used["read_units"] += sum(max(1, math.ceil(size_of(item) / 4096)) for item in found) + asked - len(found)
        elif operation == "TransactWriteItems":
            puts = [part["Put"] for part in arguments["TransactItems"] if "Put" in part]
            items = [put["Item"] for put in puts]
            used["write_units"] += sum(2 * math.ceil(size_of(item) / 1024) for item in items)
            used["write_units"] += 2 * (len(arguments["TransactItems"]) - len(items))
            # What is replaced (the head of a chain, a later version of a document) is not kept once more.
            # 100: DynamoDB's own part of an item.
            used["stored_bytes"] += sum(size_of(put["Item"]) + 100 for put in puts if not replaces(put))
        elif service == "dynamodb":
            used[f"other {operation}"] += 1
        return answer

    BaseClient._make_api_call = watched
    try:
        yield used
    finally:
        BaseClient._make_api_call = call


def measure(requests: int, folder: Path) -> tuple[dict[str, float], dict[str, int]]:
    """The footprint of one request (means), and calls that were made besides."""
    zipped, keys, logged = bundle(folder / "bundle.zip"), folder / "keys.json", io.StringIO()
    Keyring.create(keys)
    with tables() as url:
        key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
        open_store(url).put_records(customers(requests))
        settings = Settings(
            understudy_bundle=str(zipped),
            understudy_store=url,
            understudy_audit_keys=f"file://{keys}",
            understudy_customer_keys=f"kms://{key}",
        )
        app = App(settings)
        entry.application = lambda: app  # type: ignore[assignment]
        with contextlib.redirect_stdout(io.StringIO()):
            for number in range(requests):  # customers have their keys, the environment its chain
                entry.handler(event(number), None)
        with counted() as used, contextlib.redirect_stdout(logged):
            for number in range(requests):
                response = entry.handler(event(number), None)
                if response["statusCode"] != 200:
                    raise RuntimeError(response["body"][:300])
    lines = logged.getvalue().splitlines()
    names = {metric["Name"] for line in lines for group in _groups(line) for metric in group["Metrics"]}
    footprint = {name: used[name] / requests for name in ("read_units", "write_units", "stored_bytes", "kms_requests")}
    footprint["log_bytes"] = len(logged.getvalue().encode()) / requests + PLATFORM_BYTES
    footprint["metrics"] = len(names) + OTHER_METRICS
    return footprint, {name: count for name, count in used.items() if name.startswith("other ")}


def _groups(line: str) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = json.loads(line).get("_aws", {}).get("CloudWatchMetrics", [])
    return groups


def main() -> int:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=50)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "request_footprint.json")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="footprint-") as folder:
        footprint, others = measure(asked.requests, Path(folder))
    print("| one recommendation uses | |\n| --- | ---: |")
    for name, value in footprint.items():
        print(f"| {name.replace('_', ' ')} | {value:,.1f} |")
    write_json(
        asked.out,
        {
            "machine": machine(),
            "seed": SEED,
            "requests": asked.requests,
            "footprint": footprint,
            "other_calls": others,
        },
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
