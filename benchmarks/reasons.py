"""Measure reasons: numbers and particles of rendered texts, sentences and their cost, latency that they add.

    python benchmarks/reasons.py [--run runs/demo] [--customers 100000] [--seed 104] [--rendered 100000] [--out FILE]

Rendered texts need no data. For the others, ``--customers`` are generated with a seed of their own, recorded as of the
test cutoff and a month later by the features and fits of the run's bundle, and decided by it; without a run these
figures are reported as unknown.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from _machine import machine, one_line
from _reason_traffic import Asked, simulate
from _rendered_reasons import check_rendered
from _timing import percentile

from understudy.atomic import write_json
from understudy.contracts.api import CustomerRecord
from understudy.progress import LogProgress

BEFORE, AFTER = dt.date(2026, 5, 1), dt.date(2026, 6, 1)
BARS = {"usd_per_million": 5.0, "hit_rate_after_day_1": 0.99, "latency_p99_ms": 3.0}
MODEL = "amazon.nova-lite-v1:0"


def recommended(bank: Bank, as_of: dt.date) -> list[list[Asked]]:
    """(signature, product) of what each customer is recommended with a fact told, in the order of keys: the signature
    under which sentences are kept.
    """
    from agents.feature_selector.signature import unordered
    from understudy.bundle import load_bundle
    from understudy.cli.population import decide_all

    decisions = decide_all(load_bundle(bank.run / "bundle"), bank.records(as_of), locale="ko", channel="branch")
    return [
        [(unordered(r.reason.signature), r.product_id) for r in decision.recommendations if r.reason.facts]
        for _, decision in decisions
    ]


@dataclass(frozen=True)
class Bank:
    """Customers that the models of ``run`` have never seen."""

    run: Path
    customers: int
    seed: int
    scratch: Path

    def records(self, as_of: dt.date) -> Iterator[CustomerRecord]:
        """Their records as of a date, by the definitions and fits of the bundle."""
        from teacher.datasets import load_spec
        from teacher.datasets.online import online_records
        from understudy.bundle import load_bundle
        from understudy.contracts.fitted_recipes import FeatureFits

        bundle = load_bundle(self.run / "bundle")
        return online_records(
            load_spec("finsynth"),
            bundle.manifest.features,
            FeatureFits.model_validate_json(bundle.read("feature_fits.json")),
            self.scratch / as_of.isoformat(),
            as_of=as_of,
            data_dir=None,
            seed=self.seed,
            customers=self.customers,
            progress=LogProgress(every=60),
        )


def latency(bank: Bank) -> dict[str, float]:
    """Milliseconds that selecting, looking up, filling and judging take of a warm request, contributions apart."""
    from lambda_app.decision import Decider
    from lambda_app.sentences import StoredSentences
    from understudy.bundle import load_bundle
    from understudy.cli.population import decide_all
    from understudy.stores import open_store

    bundle, spent = load_bundle(bank.run / "bundle"), []
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
        records = list(bank.records(BEFORE))
        for _ in decide_all(bundle, iter(records), locale="ko", channel="branch", decider=decider):
            pass
        warm = sorted(spent[len(spent) // 10 :])
        store.close()
    return {
        "requests": len(warm),
        "p50_ms": percentile(warm, 0.5),
        "p99_ms": percentile(warm, 0.99),
        "max_ms": warm[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--run", type=Path, default=Path("runs/demo"))
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=104)
    parser.add_argument("--rendered", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "reasons.json")
    options = parser.parse_args()
    result: dict[str, Any] = {"machine": machine(), "seed": options.seed, "bars": BARS, "prices_of": "2026-11-21"}
    result["rendered"] = check_rendered(options.rendered, options.seed)
    result |= {"customers": None, "traffic": None, "latency": None}
    if (options.run / "bundle" / "manifest.json").exists():
        with tempfile.TemporaryDirectory() as folder:
            bank = Bank(options.run, options.customers, options.seed, Path(folder))
            with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
                before, after = pool.map(recommended, [bank, bank], [BEFORE, AFTER])
            result |= {"customers": len(before), "traffic": simulate(before, after, options.seed)}
            result["latency"] = latency(replace(bank, customers=min(2000, options.customers)))
    write_json(options.out, result)
    print("\n".join(published(result)))


def published(figures: dict[str, Any]) -> list[str]:
    """What was rendered, the table of traffics, the latency and the machine."""
    rendered = figures["rendered"]
    lines = [
        f"{rendered['reasons']:,} rendered reasons: {rendered['numbers']:,} numbers, {rendered['ungrounded_numbers']} "
        f"ungrounded; {rendered['particles']:,} Korean particles, {rendered['wrong_particles']} wrong.",
        "",
    ]
    lines += [f"    {example}" for example in rendered["examples"]]
    if figures["traffic"]:
        models = list(figures["traffic"][0]["usd_per_million"])
        head = [
            "traffic",
            "recommendations",
            "sentences after 1, 7, 30 days",
            "hit rate after day 1",
            "calls a million",
        ]
        lines += [f"| {' | '.join([*head, *(f'USD a million, {model}' for model in models)])} |"]
        lines += [f"| --- | ---: | --- | {' | '.join(['---:'] * (2 + len(models)))} |"]
        lines += [_row(traffic, models) for traffic in figures["traffic"]]
        lines += ["", _added(figures["latency"]), ""]
    about = f"{figures['customers'] or 0:,} customers, seed {figures['seed']}; list prices of {figures['prices_of']}."
    return [*lines, f"{about} {one_line(figures['machine'])}."]


def _row(traffic: dict[str, Any], models: list[str]) -> str:
    growth = traffic["growth"]
    cells = [
        traffic["traffic"],
        f"{traffic['recommendations']:,}",
        ", ".join(f"{growth[day]:,}" for day in (0, 6, 29)),
        f"{traffic['hit_rate_after_day_1']:.4f}",
        f"{traffic['calls_per_million']:,.0f}",
        *(f"{traffic['usd_per_million'][model]:.2f}" for model in models),
    ]
    return f"| {' | '.join(cells)} |"


def published_misses(figures: dict[str, Any]) -> list[str]:
    """Why sentences are missed after the first day, and what writing costs without and with a judge behind it."""
    models = list(figures["traffic"][0]["usd_per_million"])
    head = ["traffic", "hit rate after day 1", "missed: no voice has it yet", "another voice has it"]
    lines = [f"| {' | '.join([*head, *(f'USD a million, {model}: alone, with a judge' for model in models)])} |"]
    lines += [f"| --- | {' | '.join(['---:'] * (3 + len(models)))} |"]
    for traffic in figures["traffic"]:
        shares = ("hit_rate_after_day_1", "missed_by_all_voices", "missed_by_this_voice")
        alone, judged = traffic["usd_per_million"], traffic["usd_per_million_judged"]
        cells = [traffic["traffic"], *(f"{traffic[share]:.4f}" for share in shares)]
        cells += [f"{alone[model]:.2f}, {alone[model] + judged[model]:.2f}" for model in models]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _added(latency: dict[str, float]) -> str:
    said = ", ".join(f"{name} {latency[f'{name}_ms']:.2f} ms" for name in ("p50", "p99", "max"))
    return f"Selecting, looking up, filling and judging the reasons of a warm request, contributions apart: {said}."


if __name__ == "__main__":
    main()
