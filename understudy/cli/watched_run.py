"""What the watching agents are told of a run directory: where its log, keys, bundle and records are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.errors import UserError

if TYPE_CHECKING:
    from agents.audit_agent import Replay, Replayed
    from agents.evidence import WatchSettings

__all__ = ["local_replay", "watch_settings"]


def watch_settings(run: Path, **more: Any) -> WatchSettings:
    """The settings of the watching agents for a run that has served.

    Raises:
        UserError: it has no bundle or no audit log.
    """
    from agents.evidence import WatchSettings
    from understudy.cli.serving import ServePaths

    paths = ServePaths(run)
    if not (paths.folder / "store.sqlite").exists() or not (run / "bundle").is_dir():
        raise UserError("no bundle that has served here", where=str(run), fix="Name a run that has served.")
    signed = paths.public_key_file.exists()
    known: dict[str, Any] = {
        "understudy_store": paths.store,
        "understudy_audit_keys": paths.keys,
        "understudy_bundle": str((run / "bundle").resolve()),
        "understudy_artefacts": f"file://{run.resolve()}",
        "understudy_reports": paths.reports,
        "understudy_checkpoints": paths.checkpoints if signed else None,
        "understudy_checkpoint_public_keys": paths.public_key_file.read_text() if signed else None,
    }
    return WatchSettings.model_validate(known | more)


def local_replay(settings: WatchSettings) -> Replay:
    """The function's own code on the bundle of ``settings``, in this process."""
    from agents.audit_agent.replay import read_replayed
    from lambda_app.app import App
    from lambda_app.replay import replay
    from lambda_app.settings import Settings

    app = App(
        Settings(
            understudy_bundle=settings.understudy_bundle,
            understudy_store=settings.understudy_store,
            understudy_audit_keys=settings.understudy_audit_keys,
        )
    )

    def decide_again(contents: Sequence[Mapping[str, Any]]) -> Replayed:
        return read_replayed(replay(app, contents))

    return decide_again
