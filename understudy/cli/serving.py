"""The online half of the one path on this machine: feature store, packaged function, HTTP."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.contracts._model import validated
from understudy.contracts.api import RecommendationRequest, RecommendationResponse
from understudy.errors import UserError
from understudy.stages import RunDirectory

if TYPE_CHECKING:
    from distill.pipeline import Pipeline, RunResult
    from teacher.datasets import Dataset
    from understudy.contracts.api import CustomerRecord
    from understudy.progress import Progress

__all__ = [
    "ADMIN_TOKEN",
    "ServePaths",
    "admin_token",
    "ask",
    "build_package",
    "latest_rows",
    "load_records",
    "local_function",
]


ADMIN_TOKEN = "UNDERSTUDY_ADMIN_TOKEN"


def admin_token() -> dict[str, str]:
    """The operator's token, if this process was given one: the function that it serves then has admin routes."""
    return {ADMIN_TOKEN: os.environ[ADMIN_TOKEN]} if os.environ.get(ADMIN_TOKEN) else {}


class ServePaths:
    """Where the local twin keeps what the cloud keeps in tables and secrets."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "serve"
        self.store = f"sqlite:///{(self.folder / 'store.sqlite').resolve()}"
        self.keys_file = self.folder / "audit-keys.json"
        self.keys = f"file://{self.keys_file.resolve()}"
        self.checkpoints = f"file://{(self.folder / 'checkpoints').resolve()}"
        self.signing_key = f"file://{(self.folder / 'checkpoint-key.pem').resolve()}"
        self.public_key_file = self.folder / "checkpoint-key.pem.pub"
        self.reports = f"file://{(root / 'reports').resolve()}"

    def prepare(self) -> None:
        """Make the folder and, the first time, an audit key."""
        from understudy.audit import Keyring

        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.keys_file.exists():
            Keyring.create(self.keys_file)


def build_package(progress: Progress) -> Path:
    """The function zip for this machine's architecture and interpreter, built by the deployment's own builder."""
    from infra.bundling import ROOT, BuildError, build_function_zip

    arch = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    out = ROOT / "build" / f"function-{arch}-py{python}.zip"
    progress.say(f"Package   {arch}, Python {python} -> {out.relative_to(ROOT)}")
    try:
        return build_function_zip(out, arch=arch, python=python)  # type: ignore[arg-type]
    except BuildError as error:
        raise UserError(str(error), fix="Check that the package index can be reached.", exit_code=5) from None


def load_records(pipeline: Pipeline, result: RunResult, paths: ServePaths) -> int:
    """Load the online feature record of every customer into the store; once per bundle.

    Where features are computed from events, they are computed again here, at the newest cutoff that the gates judged;
    otherwise the latest prepared row of each customer is the record.
    """
    from understudy.cli.features import computes_features, default_date, feature_records
    from understudy.stores import open_store

    run = RunDirectory(pipeline.root)
    inputs = {"model_version": result.manifest.model_version, "dataset": pipeline.dataset.fingerprint}
    done = run.finished("serve", inputs)
    if done is not None and paths.folder.joinpath("store.sqlite").exists():
        return int(done["customers"])
    positions = latest_rows(pipeline.dataset)
    computed = computes_features(pipeline)
    records = (
        feature_records(pipeline, default_date(pipeline), result.bundle)
        if computed
        else pipeline.dataset.records(positions)
    )
    store = open_store(paths.store)
    with pipeline.progress.task("feature records", len(positions)) as advance:
        count = store.put_records(_counted(records, advance))
    run.finish("serve", inputs, {"customers": count})
    return count


def latest_rows(dataset: Dataset) -> Any:
    """Positions of the latest row of each customer, sorted."""
    import numpy as np

    # Rows of one customer are in time order, so the last one wins; positions stay sorted for sequential reading.
    last = {customer: position for position, customer in enumerate(dataset.customer_ids.tolist())}
    return np.asarray(sorted(last.values()), dtype=np.int64)


def _counted(records: Iterator[CustomerRecord], advance: Any) -> Iterator[CustomerRecord]:
    for record in records:
        advance(1)
        yield record


@contextmanager
def local_function(
    package: Path,
    bundle: Path,
    paths: ServePaths,
    *,
    port: int = 0,
    workers: int = 1,
    also: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run the packaged function under the Lambda runtime client behind a local HTTP front; yields its URL.

    ``also``: further variables of its environment.
    """
    from understudy.local import LocalFunction

    env = {
        "UNDERSTUDY_BUNDLE": str(bundle.resolve()),
        "UNDERSTUDY_STORE": paths.store,
        "UNDERSTUDY_AUDIT_KEYS": paths.keys,
        "UNDERSTUDY_REPORTS": paths.reports,
        **(also or {}),
    }
    with LocalFunction(package, env, workers=workers, port=port, log=paths.folder / "function.log") as function:
        yield function.url


def ask(url: str, customer_id: str, *, locale: str, top_k: int | None = None) -> RecommendationResponse:
    """Ask the endpoint for one customer's recommendations.

    Raises:
        UserError: the endpoint refused or could not be reached; says what it answered.
    """
    from understudy.client import ApiError, NoAnswerError, UnderstudyClient

    body = {"customer_id": customer_id, "locale": locale, "top_k": top_k}
    try:
        with UnderstudyClient(url) as client:
            return client.recommend(validated(RecommendationRequest, body, "the request"))
    except ApiError as error:
        raise UserError(str(error), where=url, fix="Correct the request.") from None
    except NoAnswerError as error:
        raise UserError(str(error), where=url, fix="Start it with `understudy serve`.", exit_code=5) from None
