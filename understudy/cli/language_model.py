"""A language model beside the local function: its worker, the queue between them, and a fake Bedrock if asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.cli.serving import ServePaths
    from understudy.local.fake_bedrock import JudgeMode, Mode

__all__ = ["DEFAULT_MODEL", "fake_bedrock_here", "jobs_url", "language_model"]

DEFAULT_MODEL = "amazon.nova-lite-v1:0"
HANDLER = "agents.reason_generator.handler.handler"


def jobs_url(paths: ServePaths) -> str:
    """URL of the local queue of a run."""
    return f"sqlite://{(paths.folder / 'jobs.sqlite').resolve()}"


@contextmanager
def language_model(
    package: Path,
    bundle: Path,
    paths: ServePaths,
    model: str,
    fake: Mode | None,
    *,
    judge: str | None = None,
    fake_judge: JudgeMode = "pass",
) -> Iterator[dict[str, str]]:
    """Run the worker function of ``package`` on the jobs of the run; yields what the serving function must be told.

    With ``fake``, the worker talks to a stand-in for Bedrock that behaves so; without, to Bedrock under the caller's
    AWS profile. ``judge`` names the model that reads what the Safety Gate has passed; the stand-in judges as
    ``fake_judge`` says.
    """
    from understudy.local import LocalFunction
    from understudy.local.fake_bedrock import FakeBedrock
    from understudy.local.poller import Poller
    from understudy.queues import open_queue

    told = {"UNDERSTUDY_REASON_MODEL": model} | ({"UNDERSTUDY_SENTENCE_JUDGE": judge} if judge else {})
    env = told | {
        "UNDERSTUDY_BUNDLE": str(bundle.resolve()),
        "UNDERSTUDY_STORE": paths.store,
        "UNDERSTUDY_AUDIT_KEYS": paths.keys,
    }
    with ExitStack() as stack:
        if fake is not None:
            bedrock = stack.enter_context(FakeBedrock(fake, judge=fake_judge))
            env |= _fake_account(bedrock.url)
        log = paths.folder / "worker.log"
        worker = stack.enter_context(LocalFunction(package, env, handler=HANDLER, timeout=60, log=log))
        stack.enter_context(Poller(open_queue(jobs_url(paths)), worker.invoke))
        yield told | {"UNDERSTUDY_REASON_QUEUE": jobs_url(paths)}


@contextmanager
def fake_bedrock_here(judge: JudgeMode) -> Iterator[None]:
    """A stand-in for Bedrock that judges so, which this process talks to while the block lasts."""
    from understudy.local.fake_bedrock import FakeBedrock

    before = dict(os.environ)
    with FakeBedrock(judge=judge) as bedrock:
        os.environ.update(_fake_account(bedrock.url))
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _fake_account(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "fake",
        "AWS_SECRET_ACCESS_KEY": "fake",
    }
