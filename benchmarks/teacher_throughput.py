"""Training and scoring speed of the teacher, and peak memory, on the CPU and on the GPU if there is one.

    python benchmarks/teacher_throughput.py [--rows 20000] [--epochs 2] [--device cpu|cuda] [--threads 2] [--again]

The rows are those of a small generated bank, repeated to ``--rows``: their shapes (features, sequences, diagrams,
holdings, 13 tasks) are the default dataset's, their number is free. The trainer is the product's, with all data on the
device; beside it stands a plain eager loop over the same model: batches gathered on the host and moved, an unfused
optimiser, a loss read back after every step. Each figure is the best of ``--repeats``; every run is a process of its
own, so that peak memory is that run's.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _machine import machine, one_line

from understudy.atomic import write_json
from understudy.progress import LogProgress, Silent

ROOT = Path(__file__).resolve().parent.parent
WAYS = ("trainer", "plain eager loop", "scoring")
BANK = 3_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, print the table, write the figures."""
    asked = _parse(arguments)
    results = json.loads(asked.results.read_bytes()) if asked.results.exists() else {}
    key = f"{asked.device}-{asked.rows}-{asked.threads}"
    if asked.again or key not in results:
        _prepare(asked)
        figures = {way: _best([_alone(way, asked) for _ in range(asked.repeats)]) for way in WAYS}
        results[key] = {"rows": asked.rows, "device": asked.device, "threads": asked.threads, "machine": machine()}
        results[key] |= {"epochs": asked.epochs, "repeats": asked.repeats, "figures": figures}
        write_json(asked.results, results)
    print("\n".join(published(results)))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    import torch

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--again", action="store_true", help="measure again what was measured")
    parser.add_argument("--runs", type=Path, default=ROOT / "runs" / "teacher_throughput")
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results" / "teacher_throughput.json")
    return parser.parse_args(arguments)


def _prepare(asked: argparse.Namespace) -> None:
    from teacher.datasets import load_spec, prepare

    if not (asked.runs / "data" / "dataset.json").exists():
        progress = LogProgress(every=30)
        prepare(load_spec("finsynth"), asked.runs / "data", data_dir=None, seed=7, customers=BANK, progress=progress)


def _alone(way: str, asked: argparse.Namespace) -> dict[str, float]:
    """One measurement in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure, (way, asked))


def measure(way: str, asked: argparse.Namespace) -> dict[str, float]:
    """Rows per second, seconds per epoch and peak memory of one way."""
    import torch

    torch.set_num_threads(asked.threads)
    torch.manual_seed(0)
    setup = _Setup(asked)
    _run(way, setup, 1, min(asked.rows, 4 * setup.config.batch_size))  # warm-up
    epochs = 1 if way == "scoring" else asked.epochs
    began = time.perf_counter()
    _run(way, setup, epochs, asked.rows)
    if asked.device == "cuda":
        torch.cuda.synchronize()
    seconds = (time.perf_counter() - began) / epochs
    figures = {"seconds per epoch": seconds, "rows per second": asked.rows / seconds}
    figures["peak resident MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if asked.device == "cuda":
        figures["peak device MB"] = torch.cuda.max_memory_allocated() / 2**20
    return figures


class _Setup:
    """Encoded rows of the small bank, and the config that the teacher has at the asked number of rows."""

    def __init__(self, asked: argparse.Namespace) -> None:
        import torch

        from teacher import TeacherConfig
        from teacher.datasets import open_dataset
        from teacher.inputs import TeacherInputs
        from teacher.losses import TargetScale

        dataset = open_dataset(asked.runs / "data")
        rows = dataset.rows("train")
        self.config = TeacherConfig.for_rows(asked.rows).model_copy(update={"device": asked.device})
        self.fitted = TeacherInputs.fit(dataset, rows, self.config)
        self.inputs = self.fitted.encode(dataset, rows)
        self.labels = TargetScale.fit(dataset, rows).encode(dataset, rows)
        self.device = torch.device(asked.device)

    def network(self) -> Any:
        import torch

        from teacher.ple import Network

        edges = torch.from_numpy(self.fitted.quantiles.edges)
        return Network(self.fitted.layout, self.config, edges, self.fitted.graph).to(self.device)

    def examples(self, rows: int, device: Any) -> Any:
        import torch

        from teacher.training.trainer import Examples

        index = torch.arange(rows, device=device) % len(self.labels)
        return Examples(self.inputs.to(device).take(index), self.labels.to(device)[index])


def _run(way: str, setup: _Setup, epochs: int, rows: int) -> None:
    import torch

    if way == "scoring":
        from teacher.training.outputs import probabilities

        probabilities(setup.network(), setup.examples(rows, setup.device).inputs, setup.fitted.layout.tasks)
    elif way == "trainer":
        _train(setup, epochs, rows)
    else:
        _eager(setup, epochs, setup.examples(rows, torch.device("cpu")))


def _train(setup: _Setup, epochs: int, rows: int) -> None:
    from teacher.training.trainer import Trainer
    from teacher.weighting import build_weighting

    tasks, config = setup.fitted.layout.tasks, setup.config.model_copy(update={"epochs": epochs})
    weighting = build_weighting(config.weighting, tasks).to(setup.device)
    few = setup.examples(256, setup.device)
    learned = setup.examples(rows, setup.device)
    Trainer(setup.network(), weighting, tasks, learned, few, config, setup.device).run(Silent(), lambda: None)


def _eager(setup: _Setup, epochs: int, learned: Any) -> None:
    import torch

    from teacher.losses import task_losses
    from teacher.weighting import build_weighting

    tasks, config, network = setup.fitted.layout.tasks, setup.config, setup.network().train()
    weighting = build_weighting(config.weighting, tasks).to(setup.device)
    optimizer = torch.optim.AdamW([*network.parameters(), *weighting.parameters()], foreach=False, fused=False)
    for _ in range(epochs):
        for rows in torch.randperm(len(learned.labels)).split(config.batch_size):
            output = network(learned.inputs.take(rows).to(setup.device))
            losses = task_losses(output.logits, learned.labels[rows].to(setup.device), tasks, config.huber_delta)
            optimizer.zero_grad()
            total = weighting(losses) + output.objective
            total.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.clip_norm)
            optimizer.step()
            total.item()


def _best(found: list[dict[str, float]]) -> dict[str, float]:
    """The fastest run's figures, and the slowest one's seconds: what else the machine did shows in between."""
    best = min(found, key=lambda figures: figures["seconds per epoch"])
    return best | {"slowest seconds": max(figures["seconds per epoch"] for figures in found)}


def published(results: dict[str, Any]) -> list[str]:
    """Markdown: one row per device, size and way."""
    lines = [
        "| device | rows | way | s per epoch (slowest) | rows per second | peak MB (device) |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for result in results.values():
        device = f"{result['device']}, {result['threads']} threads"
        for way, found in result["figures"].items():
            memory = f"{found['peak resident MB']:.0f}"
            if "peak device MB" in found:
                memory += f" ({found['peak device MB']:.0f})"
            speed = (
                f"{found['seconds per epoch']:.1f} ({found['slowest seconds']:.1f}) | {found['rows per second']:,.0f}"
            )
            lines.append(f"| {device} | {result['rows']:,} | {way} | {speed} | {memory} |")
    return [*lines, "", *dict.fromkeys(one_line(result["machine"]) for result in results.values())]


if __name__ == "__main__":
    main()
