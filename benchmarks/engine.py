"""The compiled trees against LightGBM, ONNX Runtime and tl2cgen: 13 scores of one row, and one set of contributions.

    python benchmarks/engine.py [--rounds 9] [--calls 60] [--without tl2cgen] [--out FILE]

Everybody gets the same rows one at a time, on one thread. Contenders: this engine; ``Booster.predict``; LightGBM's C
API for single rows, prepared once and called through ctypes; ONNX Runtime; trees compiled to C by tl2cgen (minutes).
"""

from __future__ import annotations

import argparse
import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    from _comparators import rerun_with_comparators

    rerun_with_comparators()

import lightgbm as lgb
import numpy as np
from _bars import at_most, kept, said
from _machine import machine, one_line
from _served import FEATURES, ROOT, SEED, rows, texts
from _timing import interleaved, ratios

from infra.trees import build_trees
from lambda_app.engine import Student, as_row
from understudy.atomic import write_json

PROBES = 64
OWN = "this engine"
BARS = {"Booster.predict": 0.5, "ONNX Runtime": 1.0}
PLAIN = {"cross_entropy": "binary sigmoid:1", "huber": "regression"}
Call = Callable[[int], Any]


class CApi:
    """LightGBM's single-row-fast functions, prepared once."""

    def __init__(self, booster: lgb.Booster, kind: int, width: int) -> None:
        self._lib, self._config = lgb.basic._LIB, ctypes.c_void_p()
        self._out, self._length = (ctypes.c_double * width)(), ctypes.c_int64()
        self._booster = booster  # keeps the handle alive
        code = self._lib.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle, kind, 0, -1, 1, FEATURES, b"num_threads=1", ctypes.byref(self._config)
        )
        assert code == 0

    def __call__(self, row: Any) -> list[float]:
        self._lib.LGBM_BoosterPredictForMatSingleRowFast(self._config, row, ctypes.byref(self._length), self._out)
        return self._out[:]


def plain_objective(text: str) -> str:
    """The same trees under an objective that converters know; raw scores do not depend on it."""
    for objective, known in PLAIN.items():
        text = text.replace(f"objective={objective}", f"objective={known}")
        text = text.replace(f"[objective: {objective}]", f"[objective: {known.split()[0]}]")
    return text


def onnx_sessions(boosters: dict[str, lgb.Booster]) -> list[Any]:
    """One session per model, on one thread; raw scores, as far as ONNX gives them."""
    import onnxruntime
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    found = []
    for name, booster in boosters.items():
        path = ROOT / "build" / f"served-{FEATURES}-{SEED}" / f"{name}.onnx"
        if not path.exists():
            converted = lgb.Booster(model_str=plain_objective(booster.model_to_string()))
            model = convert_lightgbm(converted, initial_types=[("x", FloatTensorType([None, FEATURES]))], zipmap=False)
            path.write_bytes(model.SerializeToString())
        found.append(onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]))
    return found


def compiled(names: list[str]) -> list[Any]:
    """tl2cgen's predictors, compiled once."""
    import tl2cgen
    import treelite

    found = []
    for name in names:
        folder = ROOT / "build" / f"served-{FEATURES}-{SEED}"
        path = folder / f"{name}.so"
        if not path.exists():
            print(f"compiling {name} with tl2cgen (once) ...", file=sys.stderr)
            plain = folder / f"{name}.plain.txt"
            plain.write_text(plain_objective((folder / f"{name}.txt").read_text(encoding="utf-8")), encoding="utf-8")
            model = treelite.frontend.load_lightgbm_model(plain)
            tl2cgen.export_lib(model, toolchain="gcc", libpath=path, params={"parallel_comp": 16}, nthread=1)
        found.append(tl2cgen.Predictor(path, nthread=1))
    return found


def score_contenders(models: dict[str, str], x: np.ndarray, without: set[str]) -> dict[str, Call]:
    """Name -> all 13 scores of row number ``i``."""
    boosters = {name: lgb.Booster(model_str=text) for name, text in models.items()}
    outputs = {name: booster.num_model_per_iteration() for name, booster in boosters.items()}
    students = [Student(text.encode(), features=FEATURES, outputs=outputs[name]) for name, text in models.items()]
    fast = [CApi(booster, 1, outputs[name]) for name, booster in boosters.items()]
    listed = [row.tolist() for row in x]

    def trees(i: int) -> Any:
        row = as_row(listed[i % PROBES])
        return [student.raw(row) for student in students]

    def package(i: int) -> Any:
        row = x[i % PROBES : i % PROBES + 1]
        return [booster.predict(row, raw_score=True, num_threads=1) for booster in boosters.values()]

    def c_api(i: int) -> Any:
        row = as_row(listed[i % PROBES])
        return [call(row) for call in fast]

    found: dict[str, Call] = {OWN: trees, "Booster.predict": package, "LightGBM C API": c_api}
    if "onnx" not in without:
        sessions, single = onnx_sessions(boosters), x.astype(np.float32)

        def onnx(i: int) -> Any:
            row = {"x": single[i % PROBES : i % PROBES + 1]}
            return [session.run(None, row) for session in sessions]

        found["ONNX Runtime"] = onnx
    if "tl2cgen" not in without:
        import tl2cgen

        predictors, narrow = compiled(list(models)), x.astype(np.float64)

        def compiled_trees(i: int) -> Any:
            row = tl2cgen.DMatrix(narrow[i % PROBES : i % PROBES + 1])
            return [predictor.predict(row, pred_margin=True) for predictor in predictors]

        found["tl2cgen"] = compiled_trees
    for i in range(PROBES):
        ours, theirs = trees(i), package(i)
        assert all(np.array_equal(a, b[0] if b.ndim > 1 else b) for a, b in zip(ours, theirs, strict=True))
    return found


def contribution_contenders(text: str, output: int, x: np.ndarray) -> tuple[dict[str, Call], float]:
    """Name -> contributions to one output for row number ``i``; and the largest difference from the library's."""
    booster = lgb.Booster(model_str=text)
    outputs = booster.num_model_per_iteration()
    student = Student(text.encode(), features=FEATURES, outputs=outputs)
    fast = CApi(booster, 3, outputs * (FEATURES + 1))
    listed = [row.tolist() for row in x]

    def trees(i: int) -> Any:
        return student.contributions(as_row(listed[i % PROBES]), output)

    def package(i: int) -> Any:
        row = booster.predict(x[i % PROBES : i % PROBES + 1], pred_contrib=True, num_threads=1)
        return row.reshape(outputs, FEATURES + 1)[output]

    def c_api(i: int) -> Any:
        return fast(as_row(listed[i % PROBES]))[output * (FEATURES + 1) : (output + 1) * (FEATURES + 1)]

    apart = max(np.abs(np.array(trees(i)) - package(i)).max() for i in range(8))
    return {OWN: trees, "Booster.predict": package, "LightGBM C API": c_api}, float(apart)


def table(title: str, figures: dict[str, dict[str, float]], to: str) -> list[str]:
    """Markdown, fastest first."""
    relative = ratios(figures, to)
    lines = [f"| {title} | ms (lowest to highest round) | x {to} |", "| --- | ---: | ---: |"]
    for name, figure in sorted(figures.items(), key=lambda item: item[1]["ms"]):
        spread = f"{figure['ms']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
        lines.append(f"| {name} | {spread} | {relative[name]:.2f} |")
    return lines


def verdicts(scores: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    """The 13 scores against the package's and, where it was measured, ONNX Runtime's."""
    own = scores[OWN]["ms"]
    return [at_most(f"{OWN} / {name}", own / scores[name]["ms"], bar) for name, bar in BARS.items() if name in scores]


def main() -> int:
    """Measure, print the tables, write the JSON; exit code 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--without", nargs="*", default=[], choices=["onnx", "tl2cgen"])
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "engine.json")
    asked = parser.parse_args()
    build_trees(machine()["system"].split()[-1])
    models, x = texts(), rows(PROBES, SEED + 2)
    scores = interleaved(score_contenders(models, x, set(asked.without)), rounds=asked.rounds, calls=asked.calls)
    result: dict[str, Any] = {"scores": scores, "contributions": {}, "apart": {}}
    for task, output in (("will_acquire_deposits", 0), ("nba_primary", 1)):
        contenders, result["apart"][task] = contribution_contenders(models[task], output, x)
        figures = interleaved(contenders, rounds=asked.rounds, calls=max(5, asked.calls // 4))
        result["contributions"][task] = figures
    trees = sum(text.count("\nTree=") for text in models.values())
    bars = verdicts(scores)
    result |= {"machine": machine(), "seed": SEED, "rounds": asked.rounds, "calls": asked.calls, "trees": trees}
    result |= {"models": len(models), "bars": bars}
    write_json(asked.out, result)
    print("\n".join(published(result)))
    return int(not kept(bars))


def published(result: dict[str, Any]) -> list[str]:
    """Scores, contributions, the bars and the machine."""
    lines = table("13 scores, one row", result["scores"], "Booster.predict")
    for task, figures in result["contributions"].items():
        lines += ["", *table(f"contributions to {task}, one output", figures, "Booster.predict")]
    size = f"{result['models']} models, {result['trees']} trees, {FEATURES} features, {result['rounds']} rounds"
    return [*lines, "", *said(result["bars"]), "", f"{size}; {one_line(result['machine'])}."]


if __name__ == "__main__":
    sys.exit(main())
