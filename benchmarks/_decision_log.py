"""An audit log of many sealed decisions on several days, written fast, to be read back by a night."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from agents.evidence import Frame, Grouping, Reference
from understudy.atomic import canonical_json
from understudy.audit import CustomerKeys, Keyring, encryption, pseudonym
from understudy.audit.envelope import GENESIS, pack
from understudy.audit.heads import pack_head
from understudy.contracts.features import FeatureSchema
from understudy.stores import audit_key, open_store

__all__ = ["FIRST", "frame", "write_log"]

FIRST = date(2026, 3, 1)
FEATURES = 349
TASKS = 13
PRODUCTS = 24
FAMILIES = ("deposits", "investments", "accounts", "lending", "payments", "insurance")
REGIONS = ("metro", "city", "rural")
WRITERS = 8
VERSION = "bench-000000000000"
TEMPLATES = 500


def frame() -> Frame:
    """As wide as that of the generated bank: 349 features, 13 tasks, 24 products, 5 protected attributes."""
    names = [f"feature_name_{n}" for n in range(FEATURES - 1)]
    numeric = [{"name": name, "kind": "numeric", "group": "plain", "tier": "plain"} for name in names]
    region = {"name": "region", "kind": "categorical", "group": "plain", "tier": "plain", "categories": list(REGIONS)}
    schema = FeatureSchema.model_validate({"version": "bench", "features": [*numeric, region]})
    width = np.append(np.full(len(names), 11), len(REGIONS) + 1)
    shares = np.zeros((FEATURES, 11))
    shares[:-1, :10] = 0.1
    shares[-1, :3] = 1 / 3
    edges: list[Any] = [np.arange(1.0, 10.0)] * len(names) + [None]
    brackets = [2.5, 5.0, 7.5]
    groups = [
        Grouping(attribute=f"a{n}", field=names[n], edges=brackets, names=[f"a{n}-{i}" for i in range(4)])
        for n in range(4)
    ]
    return Frame(
        model_version=VERSION,
        tasks=[f"task_{n}" for n in range(TASKS)],
        types=["binary"] * TASKS,
        classes=[None] * TASKS,
        schema=schema,
        reference=Reference(schema.names, 12_000, shares, width, edges),
        products=[f"product-{n}" for n in range(PRODUCTS)],
        families=[FAMILIES[n % len(FAMILIES)] for n in range(PRODUCTS)],
        family_tasks=dict.fromkeys(FAMILIES, "task_0"),
        groupings=[*groups, Grouping(attribute="region", field="region", names=list(REGIONS))],
        utc_offset_hours=9.0,
        review_share=0.05,
        psi_sha256="0" * 64,
    )


def write_log(folder: Path, days: list[int], seed: int) -> None:
    """A store with ``days[i]`` decisions on day i, past the log's code: only reading is measured."""
    keyring, rng = Keyring.create(folder / "keys.json"), random.Random(seed)
    store: Any = open_store(f"sqlite://{folder}/store.sqlite")
    keys = CustomerKeys(keyring)
    customers = [f"c{n}" for n in range(max(100, max(days) // 5))]
    made = {customer: keys.create(customer) for customer in customers}
    store.put_documents((audit_key(customer), key.model_dump_json()) for customer, (key, _) in made.items())
    names = {customer: pseudonym(keyring, customer) for customer in customers}
    templates = [_content(rng) for _ in range(TEMPLATES)]
    tails = {f"function-{n:032x}": (0, GENESIS) for n in range(WRITERS)}
    connection = store._connection
    for number, count in enumerate(days):
        connection.execute("BEGIN")
        for writer, at, request_id in _requests(number, count, list(tails)):
            customer = customers[rng.randrange(len(customers))]
            stored, key = made[customer]
            bound = encryption.associated("model_inference", names[customer], stored.key_id)
            plain = encryption.encode(templates[rng.randrange(TEMPLATES)])
            part = encryption.seal(key, stored.key_id, plain, bound)
            payload = {
                "request_id": request_id,
                "pseudonym": names[customer],
                "model_version": VERSION,
                "opted_out": False,
                "read_error": None,
                "layers": {f"task_{n}": "distilled" for n in range(TASKS)},
                "sealed": {"alg": part.alg, "key": part.key, "data": part.data},
                "trace_id": f"{rng.getrandbits(128):032x}",
            }
            seq, prev = tails[writer]
            body, mac = pack(keyring, "model_inference", writer, seq + 1, at, prev, request_id, canonical_json(payload))
            tails[writer] = (seq + 1, mac)
            connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", (writer, seq + 1, request_id, body.decode()))
        connection.execute("COMMIT")
    for writer, (last, mac) in tails.items():
        head = pack_head(keyring, writer, last, mac).decode()
        connection.execute("INSERT INTO heads VALUES (?, ?, ?)", (writer, last, head))
    connection.commit()
    store.close()


def _requests(number: int, count: int, writers: list[str]) -> Iterator[tuple[str, str, str]]:
    """Writer, time and id of a day's requests, in time."""
    begin = datetime.combine(FIRST + timedelta(days=number), datetime.min.time(), UTC)
    for n in range(count):
        at = begin + timedelta(microseconds=int(n * 86_399e6 / count))
        yield writers[n % len(writers)], at.isoformat(timespec="microseconds"), f"r{number}-{n}"


def _content(rng: random.Random) -> dict[str, Any]:
    """What a decision seals: features, answer, ranking, judged texts."""
    features: dict[str, Any] = {f"feature_name_{n}": round(rng.random() * 10, 6) for n in range(FEATURES - 1)}
    chosen = rng.sample(range(PRODUCTS), 3)
    reason = {
        "locale": "ko",
        "text": "최근 해외 결제가 늘어 이 상품을 권해 드립니다. " * 3,
        "disclosure": "이 금융상품은 예금자보호법에 따라 보호됩니다.",
        "source": "template",
        "facts": [{"key": f"fact_{n}", "share": 0.2, "features": {f"feature_name_{n}": 1.5}} for n in range(3)],
        "signature": "fact_0+fact_1+fact_2",
        "note": "",
    }
    recommendations = [
        {
            "rank": rank,
            "product_id": f"product-{product}",
            "name": f"상품 {product}",
            "family": FAMILIES[product % len(FAMILIES)],
            "score": round(rng.random(), 9),
            "drivers": {f"task_{k}": rng.random() for k in range(3)},
            "reason": reason,
            "review_tier": 1,
        }
        for rank, product in enumerate(chosen, start=1)
    ]
    dropped = [{"product_id": f"product-{n}", "reason": "score below the threshold"} for n in range(PRODUCTS - 3)]
    tasks = {
        f"task_{n}": {"layer": "distilled", "value": rng.random(), "classes": None, "steps": []} for n in range(TASKS)
    }
    return {
        "request": {"top_k": 3, "locale": "ko", "channel": "branch"},
        "record": {
            "schema_version": "bench",
            "as_of": "2026-02-28",
            "features": features | {"region": rng.choice(REGIONS)},
            "profile": {"age": 41, "income_krw": 6e7, "risk_tolerance": 3, "owned": []},
        },
        "contacts": 0,
        "risk_cap": {"level": 3, "rule": "tolerance"},
        "ranking": [{"product_id": f"product-{n}", "score": rng.random(), "drivers": {}} for n in range(12)],
        "judged": [
            {
                "product_id": f"product-{product}",
                "texts": [{"reason": reason, "verdict": {"passed": True, "findings": []}}],
            }
            for product in chosen
        ],
        "withheld": [],
        "review_rules": {},
        "answer": {
            "recommendations": recommendations,
            "dropped": dropped,
            "tasks": tasks,
            "features_missing": [],
        },
    }
