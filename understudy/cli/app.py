"""The commands of ``understudy``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from understudy.cli.agents import FakeJudge, agents_app
from understudy.cli.audit import audit_app
from understudy.cli.console import console_command
from understudy.cli.cost import cost
from understudy.cli.data import data_app
from understudy.cli.feature_store import features_app
from understudy.cli.inspect import inspect_app
from understudy.cli.ops import ops_app, simulate
from understudy.cli.promotion import champion, promote, rollback
from understudy.cli.shadow import shadow
from understudy.progress import progress_for_terminal

if TYPE_CHECKING:
    from distill.pipeline import Pipeline

__all__ = ["app"]

app = typer.Typer(help="Distil a deep multi-task teacher into audited, serverless students.", no_args_is_help=True)
bundle_app = typer.Typer(help="The bundle of models.", no_args_is_help=True)
app.add_typer(data_app, name="data")
app.add_typer(agents_app, name="agents")
app.add_typer(audit_app, name="audit")
app.add_typer(bundle_app, name="bundle")
app.add_typer(features_app, name="features")
app.add_typer(inspect_app, name="inspect")
app.add_typer(ops_app, name="ops")
for command in (promote, rollback, champion, cost, simulate, shadow):
    app.command()(command)
app.command("console")(console_command)
console = Console(highlight=False)
if not console.is_terminal:  # a log has no width to respect; tables must not be cut
    console.width = 140


FakeMode = Literal[
    "success", "throttling", "unavailable", "slow", "truncated", "schema", "repairable", "not_json", "hostile",
    "guardrail", "reset",
]  # fmt: skip
Preset = Literal["standard", "quick"]
Policy = Literal["reject", "fallback"]
DatasetOption = Annotated[str, typer.Option(help="Shipped spec name, or path of a spec.toml.")]
OutOption = Annotated[Path | None, typer.Option(help="Run directory (default: runs/<dataset>).")]
SeedOption = Annotated[int, typer.Option(help="The same seed gives the same bundle, byte for byte.")]
FoldsOption = Annotated[int, typer.Option(min=2, max=10, help="Teachers; each labels the fold it did not see.")]
CustomersOption = Annotated[int | None, typer.Option(min=100, help="Use only this many customers.")]
PresetOption = Annotated[Preset, typer.Option(help="quick: smaller models, for a first look.")]
PolicyOption = Annotated[Policy | None, typer.Option(help="What a failed fidelity gate does (default: the spec's).")]
TeacherOption = Annotated[
    Path | None, typer.Option(help="TOML file of the teacher's hyper-parameters that differ from the preset.")
]
UrlOption = Annotated[str, typer.Option(help="Base URL of a running endpoint.")]
LocaleOption = Annotated[Literal["ko", "en"], typer.Option(help="Language of the reasons.")]


def pipeline_for(
    dataset: str,
    out: Path | None,
    seed: int,
    folds: int,
    customers: int | None,
    preset: Preset,
    policy: Policy | None = None,
    teacher: Path | None = None,
) -> Pipeline:
    """The pipeline of a run directory; real data is looked up in ``UNDERSTUDY_DATA``."""
    from distill.pipeline import Pipeline, RunConfig

    config = RunConfig(
        dataset=dataset,
        seed=seed,
        folds=folds,
        customers=customers,
        preset=preset,
        on_fidelity_failure=policy,
        teacher=_hyper_parameters(teacher) if teacher else {},
    )
    data_dir = os.environ.get("UNDERSTUDY_DATA")
    name = Path(dataset).parent.name if dataset.endswith(".toml") else dataset
    return Pipeline(config, out or Path("runs") / name, Path(data_dir) if data_dir else None, progress_for_terminal())


def _hyper_parameters(path: Path) -> dict[str, Any]:
    from teacher import TeacherConfig
    from understudy.contracts._model import read_toml

    return read_toml(TeacherConfig, path).model_dump(mode="json", exclude_unset=True)


@app.command()
def train(
    dataset: DatasetOption = "finsynth",
    out: OutOption = None,
    seed: SeedOption = 7,
    folds: FoldsOption = 3,
    customers: CustomersOption = None,
    preset: PresetOption = "standard",
    teacher: TeacherOption = None,
) -> None:
    """Train the K teachers and write their out-of-fold soft labels."""
    pipeline = pipeline_for(dataset, out, seed, folds, customers, preset, teacher=teacher)
    _ = pipeline.soft
    console.print(f"Soft labels: {pipeline.root / 'soft'}")


@app.command()
def distill(
    dataset: DatasetOption = "finsynth",
    out: OutOption = None,
    seed: SeedOption = 7,
    folds: FoldsOption = 3,
    customers: CustomersOption = None,
    preset: PresetOption = "standard",
    on_fidelity_failure: PolicyOption = None,
    teacher: TeacherOption = None,
) -> None:
    """Train the students, pass them through the gates, write report and bundle. Exit code 3 if they reject."""
    from understudy.cli.show import show_gates

    pipeline = pipeline_for(dataset, out, seed, folds, customers, preset, on_fidelity_failure, teacher)
    result = pipeline.run()
    show_gates(console, result.report)
    console.print(f"Report: {result.root / 'report' / 'report.html'}")
    if not result.report.accepted:
        raise typer.Exit(3)


@bundle_app.command("build")
def bundle_build(
    dataset: DatasetOption = "finsynth",
    out: OutOption = None,
    seed: SeedOption = 7,
    folds: FoldsOption = 3,
    customers: CustomersOption = None,
    preset: PresetOption = "standard",
    on_fidelity_failure: PolicyOption = None,
    teacher: TeacherOption = None,
) -> None:
    """Pack the students, rules, catalog, report and hashes into a bundle (makes the stages before it if need be)."""
    pipeline = pipeline_for(dataset, out, seed, folds, customers, preset, on_fidelity_failure, teacher)
    console.print(f"{pipeline.manifest.model_version}: {pipeline.root / 'bundle.zip'}")


@bundle_app.command("verify")
def bundle_verify(
    path: Annotated[Path, typer.Argument(help="Bundle directory or zip.")],
    public_key: Annotated[str | None, typer.Option(help="PEM file (or PEM text) of the keys that may sign.")] = None,
) -> None:
    """Check the hash of every file of a bundle, and with --public-key who signed it; names the first that differs."""
    from understudy.bundle import BundleError, load_bundle
    from understudy.bundle_signature import public_keys
    from understudy.errors import UserError

    try:
        bundle = load_bundle(path, public_keys(public_key) if public_key else None)
    except BundleError as error:
        code = 3 if error.file else 2
        raise UserError(str(error), fix="Restore the bundle from its registry.", exit_code=code) from None
    signed = "its signature holds" if public_key else "its signature was not asked for (--public-key)"
    console.print(f"{bundle.manifest.model_version}: {len(bundle.manifest.files)} files, every hash matches; {signed}.")


@app.command()
def serve(
    run: Annotated[Path, typer.Option(help="Run directory to serve.")] = Path("runs/finsynth"),
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Function environments.")] = 1,
    fake_bedrock: Annotated[
        FakeMode | None, typer.Option(help="A stand-in for Bedrock writes, and behaves so.")
    ] = None,
    reason_model: Annotated[
        str | None, typer.Option(help="Model that writes sentences (your AWS profile pays).")
    ] = None,
    judge_model: Annotated[
        str | None, typer.Option(help="Model that judges what the Safety Gate has passed; can only refuse.")
    ] = None,
    fake_judge: Annotated[FakeJudge, typer.Option(help="How the stand-in judges.")] = "pass",
) -> None:
    """Serve a run's bundle: the packaged function under the Lambda runtime client, over HTTP."""
    import threading
    from contextlib import ExitStack

    from understudy.cli.language_model import DEFAULT_MODEL, language_model
    from understudy.cli.serving import ServePaths, admin_token, build_package, local_function
    from understudy.errors import UserError

    paths = ServePaths(run)
    if not (run / "bundle" / "manifest.json").exists() or not (paths.folder / "store.sqlite").exists():
        raise UserError("there is nothing to serve", where=str(run), fix="First: understudy run --dataset ...")
    package = build_package(progress_for_terminal())
    with ExitStack() as stack:
        also = admin_token()
        if fake_bedrock is not None or reason_model is not None:
            model = reason_model or DEFAULT_MODEL
            writing = language_model(
                package, run / "bundle", paths, model, fake_bedrock, judge=judge_model, fake_judge=fake_judge
            )
            also |= stack.enter_context(writing)
            console.print(f"Sentences by {model}{f' (fake: {fake_bedrock})' if fake_bedrock else ''}")
        function = local_function(package, run / "bundle", paths, port=port, workers=workers, also=also)
        url = stack.enter_context(function)
        console.print(f"POST {url}/v1/recommendations   (Ctrl-C stops; log in {paths.folder / 'function.log'})")
        threading.Event().wait()


@app.command()
def recommend(
    customer: Annotated[str, typer.Argument(help="Customer id.")],
    url: UrlOption = "http://127.0.0.1:8080",
    locale: LocaleOption = "ko",
    top_k: Annotated[int | None, typer.Option(min=1, max=10)] = None,
) -> None:
    """Ask a running endpoint for one customer's recommendations."""
    from understudy.cli.serving import ask
    from understudy.cli.show import show_answer

    show_answer(console, ask(url, customer, locale=locale, top_k=top_k))


@app.command()
def package(
    arch: Annotated[Literal["arm64", "x86_64"], typer.Option(help="Architecture of the function.")] = "arm64",
    python: Annotated[str, typer.Option(help="Interpreter version of the compiled wheels.")] = "3.13",
    out: Annotated[Path | None, typer.Option(help="Path of the zip.")] = None,
) -> None:
    """Build the function zip and print what it weighs."""
    from rich.table import Table

    from infra.bundling import ROOT, build_function_zip, package_sizes

    path = build_function_zip(out or ROOT / "build" / f"function-{arch}-py{python}.zip", arch=arch, python=python)
    sizes = package_sizes(path)
    table = Table("part", "MB unzipped")
    for name, size in list(sizes.items())[:8]:
        table.add_row(name, f"{size / 1e6:.2f}")
    table.add_row("all", f"{sum(sizes.values()) / 1e6:.2f}")
    console.print(table)
    console.print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


@app.command()
def run(
    dataset: DatasetOption = "finsynth",
    out: OutOption = None,
    seed: SeedOption = 7,
    folds: FoldsOption = 3,
    customers: CustomersOption = None,
    preset: PresetOption = "standard",
    on_fidelity_failure: PolicyOption = None,
    customer: Annotated[str | None, typer.Option(help="Customer to ask for at the end.")] = None,
    locale: LocaleOption = "ko",
    teacher: TeacherOption = None,
) -> None:
    """The whole path for one dataset: data, teacher, students, gates, bundle, endpoint, answer, audit."""
    from understudy.cli.path import walk

    pipeline = pipeline_for(dataset, out, seed, folds, customers, preset, on_fidelity_failure, teacher)
    walk(console, pipeline, customer=customer, locales=[locale])


@app.command()
def demo(
    customers: Annotated[int, typer.Option(min=500)] = 8000,
    out: Annotated[Path, typer.Option(help="Run directory.")] = Path("runs/demo"),
) -> None:
    """The whole path on the generated bank, in a few minutes, with a recommendation in Korean and English."""
    from understudy.cli.path import walk

    folds = 2
    console.print(f"Demo: {customers:,} generated customers, {folds} teacher folds, quick preset, seed 7 -> {out}")
    console.print(
        "So small a bank cannot bring every task through the fidelity gate: failing tasks fall back to Layer 2."
    )
    pipeline = pipeline_for("finsynth", out, 7, folds, customers, "quick", "fallback")
    walk(console, pipeline, customer=None, locales=["ko", "en"])
