"""``understudy console``: a local page for operators."""

from __future__ import annotations

import getpass
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple
from urllib.parse import urlsplit

import typer
from rich.console import Console as Terminal

from understudy.cli.serving import ADMIN_TOKEN
from understudy.errors import UserError

if TYPE_CHECKING:
    from understudy.client.signing import Signer

__all__ = ["console_command"]

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
AWS_HOST = re.compile(r"[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com")


class _Endpoint(NamedTuple):
    """Where the admin API is, who the pages say it is, and what signs."""

    url: str
    called: str
    signer: Signer


def console_command(
    url: Annotated[str | None, typer.Option(help="Base URL of the endpoint to look at.")] = None,
    run: Annotated[Path | None, typer.Option(help="Run directory: its function is served here, for this page.")] = None,
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 8090,
    region: Annotated[str | None, typer.Option(help="AWS region, where the URL does not say it.")] = None,
) -> None:
    """Serve a local page: status, checklist, drift, fairness, reviews, kill switches, decisions, audits.

    The browser gets a session of this process, and never the admin secret: that is UNDERSTUDY_ADMIN_TOKEN for an
    endpoint on this machine, and your AWS credentials for a deployed one.
    """
    if (url is None) == (run is None):
        raise UserError("which endpoint?", fix="Give --url URL, or --run DIRECTORY.")
    terminal = Terminal(highlight=False)
    with ExitStack() as stack:
        endpoint = _asked(url, region) if url is not None else stack.enter_context(_served(run or Path()))
        _serve(endpoint, port, terminal)


def _serve(endpoint: _Endpoint, port: int, terminal: Terminal) -> None:
    from understudy.client import AdminClient, Retries
    from understudy.console import Console, Sessions
    from understudy.console.server import ConsoleServer
    from understudy.console.sessions import new_code

    server, code = ConsoleServer(port), new_code()
    # A person waits: one more attempt, and then they are told.
    with AdminClient(endpoint.url, signer=endpoint.signer, retries=Retries(attempts=2)) as client:
        console = Console(client, Sessions(code), endpoint=endpoint.called, port=server.port)
        terminal.print(f"Console   {server.url}   (Ctrl-C stops)")
        terminal.print(f"Code      {code}")
        server.serve(console)


def _asked(url: str, region: str | None) -> _Endpoint:
    """An endpoint that runs elsewhere, and how to sign for it.

    Raises:
        UserError: it is not known how to sign, or the token would travel readable.
    """
    from understudy.client import bearer, sigv4

    parts = urlsplit(url)
    host = parts.hostname or ""
    token = os.environ.get(ADMIN_TOKEN)
    deployed = AWS_HOST.fullmatch(host)
    if region or deployed:
        chosen = region or (deployed[1] if deployed else "")
        return _Endpoint(url, f"{host} ({chosen})", sigv4(chosen))
    if token is None:
        fix = f"Set {ADMIN_TOKEN}=operator:secret as the function has it, or give --region for a deployed endpoint."
        raise UserError("no credentials for the admin routes", where=url, fix=fix)
    if parts.scheme != "https" and host not in LOOPBACK:
        raise UserError("the admin token would travel readable", where=url, fix="Use https.")
    operator, _, secret = token.rpartition(":")
    return _Endpoint(url, f"{operator}@{parts.netloc}" if operator else url, bearer(secret))


@contextmanager
def _served(run: Path) -> Iterator[_Endpoint]:
    """The packaged function over a run directory, with a token that only this process knows."""
    from understudy.cli.serving import ServePaths, build_package, local_function
    from understudy.client import bearer
    from understudy.progress import progress_for_terminal

    paths, bundle = ServePaths(run), _bundle(run)
    if bundle is None or not (paths.folder / "store.sqlite").exists():
        raise UserError("there is nothing to look at", where=str(run), fix="First: understudy run --dataset ...")
    operator = re.sub(r"[^A-Za-z0-9._@-]", "-", getpass.getuser())[:64] or "operator"
    secret = secrets.token_urlsafe(32)
    also = {ADMIN_TOKEN: f"{operator}:{secret}"}
    package = build_package(progress_for_terminal())
    with local_function(package, bundle, paths, also=also) as url:
        yield _Endpoint(url, f"{operator}@{run.resolve().name}", bearer(secret))


def _bundle(run: Path) -> Path | None:
    """The bundle of a run, or the champion of its registry, as a simulation has it."""
    if (run / "bundle" / "manifest.json").exists():
        return run / "bundle"
    if not (run / "registry").is_dir():
        return None
    from distill.promotion import Registry
    from understudy.objects import open_objects

    registry = Registry(open_objects(str(run / "registry")))
    champion = registry.standing().champion
    return Path(registry.place(champion.model_version)) if champion is not None else None
