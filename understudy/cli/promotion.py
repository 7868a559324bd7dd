"""``understudy promote``, ``rollback`` and ``champion``."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from understudy.errors import UserError

if TYPE_CHECKING:
    from understudy.audit import AuditLog
    from understudy.audit.signing import PublicKeys
    from understudy.contracts.promotion import Promotion

__all__ = ["champion", "promote", "rollback"]

RunOption = Annotated[Path, typer.Option(help="Run directory of the challenger (data/, bundle.zip).")]
RegistryOption = Annotated[str, typer.Option(help="Folder or s3://bucket/prefix that keeps every version.")]
StoreOption = Annotated[str | None, typer.Option(help="Store URL of the audit log (default: the run's own).")]
KeysOption = Annotated[str | None, typer.Option(help="Keyring URL of the audit log (default: the run's own).")]
PublicOption = Annotated[str | None, typer.Option(help="PEM file of the keys that may sign bundles.")]
ReasonOption = Annotated[str, typer.Option(help="Why; needed to force, to roll back, and where the risk is high.")]
SignOption = Annotated[str | None, typer.Option("--sign-off", help="Name of the person who answers for it.")]


def promote(
    run: RunOption,
    registry: RegistryOption,
    fria: Annotated[Path | None, typer.Option(help="Impact assessment: JSON, seven dimensions.")] = None,
    sign_off: SignOption = None,
    force: Annotated[bool, typer.Option(help="Skip the comparison with the champion, and nothing else.")] = False,
    reason: ReasonOption = "",
    store: StoreOption = None,
    keys: KeysOption = None,
    public_key: PublicOption = None,
    task_token: Annotated[str | None, typer.Option(help="Of the state machine that waits for this decision.")] = None,
) -> None:
    """Let a challenger take the champion's place if every check passes. Exit code 3 if it is rejected."""
    from distill.promotion import Registry, Request
    from distill.promotion import promote as decide
    from teacher.datasets import open_dataset
    from understudy.cli.sign_off import WaitingFlow
    from understudy.contracts._model import read_json
    from understudy.contracts.promotion import Fria
    from understudy.objects import open_objects

    waiting = WaitingFlow(task_token) if task_token else None
    if waiting:
        waiting.check()
    request = Request(
        archive=run / "bundle.zip",
        dataset=lambda: open_dataset(run / "data"),
        fria=None if fria is None else read_json(Fria, fria),
        operator=sign_off,
        today=dt.datetime.now(dt.UTC).date(),
        reason=reason,
        force=force,
        keys=_public(public_key),
    )
    record = decide(Registry(open_objects(registry)), _log(run, store, keys), request)
    if waiting:
        waiting.answer(record)
    _show(record)


def rollback(
    registry: RegistryOption,
    sign_off: Annotated[str, typer.Option("--sign-off", help="Name of the person who answers for it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    to: Annotated[str | None, typer.Option(help="Model version (default: the champion before this one).")] = None,
    run: Annotated[Path | None, typer.Option(help="Run directory whose audit log gets the entry.")] = None,
    store: StoreOption = None,
    keys: KeysOption = None,
    public_key: PublicOption = None,
) -> None:
    """Let an earlier champion serve again."""
    from distill.promotion import Registry
    from distill.promotion import rollback as decide
    from understudy.objects import open_objects

    places = Registry(open_objects(registry))
    log = _log(run, store, keys)
    _show(decide(places, log, to=to, operator=sign_off, reason=reason, keys=_public(public_key)))


def champion(registry: RegistryOption) -> None:
    """Who serves, who served before, and where the function finds it."""
    from distill.promotion import Registry
    from understudy.objects import open_objects

    console = Console(highlight=False, soft_wrap=True)
    places = Registry(open_objects(registry))
    found = places.standing().champion
    if found is None:
        raise UserError("there is no champion yet", where=registry, fix="Promote one: `understudy promote`.")
    console.print(f"Champion  {found.model_version}")
    console.print(f"Bundle    {places.place(found.model_version)}")
    for version in reversed(found.history):
        console.print(f"Before    {version}")


def _public(place: str | None) -> PublicKeys | None:
    from understudy.bundle_signature import public_keys

    return public_keys(place) if place else None


def _log(run: Path | None, store: str | None, keys: str | None) -> AuditLog:
    from understudy.audit import AuditLog, open_keyring
    from understudy.cli.serving import ServePaths
    from understudy.stores import open_store

    if run is not None and (store is None or keys is None):
        paths = ServePaths(run)
        paths.prepare()
        store, keys = store or paths.store, keys or paths.keys
    if store is None or keys is None:
        raise UserError("which audit log?", fix="Give --run DIRECTORY, or --store and --keys.")
    return AuditLog(open_store(store), open_keyring(keys), f"promotion-{uuid.uuid4().hex[:12]}")


def _show(record: Promotion) -> None:
    console = Console(highlight=False, soft_wrap=True)
    table = Table("check", "status", "why")
    for check in record.checks:
        table.add_row(check.name, check.status, check.reason)
    console.print(table)
    console.print(f"{record.outcome}: {record.challenger} (champion before: {record.champion or 'none'})")
    if record.outcome == "reject":
        raise UserError(record.reason, where=record.challenger, fix="Nothing was changed.", exit_code=3)
