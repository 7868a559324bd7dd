"""Measure reasons: numbers and particles of rendered texts, sentences and their cost, latency that they add.

    python benchmarks/reasons.py [--run runs/finsynth] [--customers N] [--rendered 100000] [--out FILE]

Rendered texts need no data. The other figures come from the bundle and the customers of a run; without one they are
reported as unknown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from _machine import machine, one_line
from _reason_traffic import Asked, simulate
from _rendered_reasons import check_rendered

SEED = 7
BARS = {"usd_per_million": 5.0, "hit_rate_after_day_1": 0.99, "latency_p99_ms": 3.0}
MODEL = "amazon.nova-lite-v1:0"


def recommended(run: Path, customers: int | None) -> tuple[list[list[Asked]], list[list[Asked]]]:
    """(signature, product) of what customers are recommended, by an earlier and by a later record.

    The dataset holds one record of most customers. So every second customer stands for what the one before becomes: in
    thirty days each turns into somebody else, which is a harder month than any bank has.
    """
    from understudy.bundle import load_bundle
    from understudy.cli.population import decide_all, records_of_run

    decisions = decide_all(load_bundle(run / "bundle"), records_of_run(run, customers), locale="ko", channel="branch")
    asked = [
        [(r.reason.signature, r.product_id) for r in decision.recommendations if r.reason.facts]
        for _, decision in decisions
    ]
    pairs = len(asked) // 2
    return asked[: 2 * pairs : 2], asked[1 : 2 * pairs : 2]


def latency(run: Path, customers: int) -> dict[str, float]:
    """Milliseconds that selecting, looking up, filling and judging take of a warm request, contributions apart."""
    from lambda_app.decision import Decider
    from lambda_app.sentences import StoredSentences
    from understudy.bundle import load_bundle
    from understudy.cli.population import decide_all, records_of_run
    from understudy.stores import open_store

    bundle, spent = load_bundle(run / "bundle"), []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite://{folder}/store.sqlite")
        sentences = StoredSentences(MODEL, "", SimpleNamespace(store=store))  # type: ignore[arg-type]
        decider = Decider(bundle, sentences)
        explain = decider._explainer.explain

        def timed(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            found = explain(*args, **options)
            spent.append((time.perf_counter() - start) * 1e3)
            return found

        decider._explainer.explain = timed  # type: ignore[method-assign]
        records = list(records_of_run(run, customers))
        for _ in decide_all(bundle, iter(records), locale="ko", channel="branch", decider=decider):
            pass
        warm = sorted(spent[len(spent) // 10 :])
        store.close()
    return {
        "requests": len(warm),
        "p50_ms": statistics.median(warm),
        "p99_ms": warm[int(len(warm) * 0.99)],
        "max_ms": warm[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/finsynth"))
    parser.add_argument("--customers", type=int)
    parser.add_argument("--rendered", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "reasons.json")
    options = parser.parse_args()
    result: dict[str, Any] = {"machine": machine(), "seed": SEED, "bars": BARS, "prices_of": "2026-11-21"}
    result["rendered"] = check_rendered(options.rendered, SEED)
    if (options.run / "bundle" / "manifest.json").exists() and (options.run / "data").exists():
        before, after = recommended(options.run, options.customers)
        result |= {"population": len(before) + len(after), "customers": len(before)}
        result["traffic"] = simulate(before, after, SEED)
        result["latency"] = latency(options.run, min(2000, options.customers or 2000))
    else:
        result |= {"customers": None, "traffic": None, "latency": None}
    show(result)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def show(result: dict[str, Any]) -> None:
    rendered = result["rendered"]
    print(
        f"{rendered['reasons']:,} rendered reasons: {rendered['numbers']:,} numbers, {rendered['ungrounded_numbers']} "
        f"ungrounded; {rendered['particles']:,} particles, {rendered['wrong_particles']} wrong"
    )
    for example in rendered["examples"]:
        print(f"  {example}")
    for traffic in result["traffic"] or []:
        print(
            f"\n{traffic['traffic']}: {traffic['recommendations']:,} recommendations, {result['customers']:,} customers"
        )
        growth = traffic["growth"]
        print(f"  sentences after 1, 7, 30 days: {growth[0]:,}, {growth[6]:,}, {growth[29]:,}")
        print(f"  hit rate {traffic['hit_rate']:.4f}, after day 1 {traffic['hit_rate_after_day_1']:.4f}")
        print(f"  calls per million recommendations: {traffic['calls_per_million']:,.0f}")
        for model, usd in traffic["usd_per_million"].items():
            print(f"  USD per million  {usd:9.2f}  {model}")
    if result["latency"]:
        print("\nreasons of a warm request: " + ", ".join(f"{k} {v:.2f}" for k, v in result["latency"].items()))
    print(one_line(result["machine"]))


if __name__ == "__main__":
    main()
