"""A language model beside the local function: its worker, the queue between them, and a fake Bedrock if asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from understudy.cli.serving import ServePaths
    from understudy.local.fake_bedrock import Mode

__all__ = ["DEFAULT_MODEL", "jobs_url", "language_model"]

DEFAULT_MODEL = "amazon.nova-lite-v1:0"
HANDLER = "agents.reason_generator.handler.handler"


def jobs_url(paths: ServePaths) -> str:
    """URL of the local queue of a run."""
    return f"sqlite://{(paths.folder / 'jobs.sqlite').resolve()}"


@contextmanager
def language_model(
    package: Path, bundle: Path, paths: ServePaths, model: str, fake: Mode | None
) -> Iterator[dict[str, str]]:
    """Run the worker function of ``package`` on the jobs of the run; yields what the serving function must be told.

    With ``fake``, the worker talks to a stand-in for Bedrock that behaves so; without, to Bedrock under the caller's
    AWS profile.
    """
    from understudy.local import LocalFunction
    from understudy.local.fake_bedrock import FakeBedrock
    from understudy.local.poller import Poller
    from understudy.queues import open_queue

    told = {"UNDERSTUDY_REASON_MODEL": model}
    env = told | {
        "UNDERSTUDY_BUNDLE": str(bundle.resolve()),
        "UNDERSTUDY_STORE": paths.store,
        "UNDERSTUDY_AUDIT_KEYS": paths.keys,
    }
    with ExitStack() as stack:
        if fake is not None:
            bedrock = stack.enter_context(FakeBedrock(fake))
            env |= {
                "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock.url,
                "AWS_ACCESS_KEY_ID": "fake",
                "AWS_SECRET_ACCESS_KEY": "fake",
            }
        log = paths.folder / "worker.log"
        worker = stack.enter_context(LocalFunction(package, env, handler=HANDLER, timeout=60, log=log))
        stack.enter_context(Poller(open_queue(jobs_url(paths)), worker.invoke))
        yield told | {"UNDERSTUDY_REASON_QUEUE": jobs_url(paths)}
