"""The entry point of the function that signs checkpoints by the clock."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from understudy.audit.checkpoint_store import CheckpointConflictError, open_checkpoints
from understudy.audit.checkpointing import DamagedLogError, make_checkpoint
from understudy.audit.keyring import open_keyring
from understudy.audit.series import SeriesError
from understudy.audit.signing import PublicKeys, open_signer
from understudy.contracts.environment import EnvironmentSettings
from understudy.stores import open_store

__all__ = ["CheckpointSettings", "handler"]

NAMESPACE = "Understudy"


class CheckpointSettings(EnvironmentSettings):
    """Where the log, its keys and its checkpoints are."""

    understudy_store: str = Field(min_length=1, description="URL of `understudy.stores.open_store`")
    understudy_audit_keys: str = Field(min_length=1, description="URL of `understudy.audit.open_keyring`")
    understudy_checkpoints: str = Field(min_length=1, description="URL of `open_checkpoints`")
    understudy_signing_key: str = Field(min_length=1, description="URL of `open_signer`")
    understudy_checkpoint_public_keys: str | None = Field(
        default=None, min_length=1, description="PEM text of the keys that signed the series (default: the signer's)"
    )


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Sign what the log holds now; the answer says what was signed.

    One line of metrics is written whatever happens: ``Checkpoints`` is 1 if the log is now covered (also if nothing was
    new), ``CheckpointDamage`` is 1 if the log or the series does not verify.

    Raises:
        DamagedLogError, SeriesError: nothing was signed, because the log or its checkpoints were tampered with.
        UserError, StoreError: something could not be reached; the next run tries again.
    """
    del event, context
    damaged = covered = 0
    try:
        made = _checkpoint(CheckpointSettings.from_environment())
        covered = 1
    except (DamagedLogError, SeriesError):
        damaged = 1
        raise
    finally:
        _emit({"Checkpoints": covered, "CheckpointDamage": damaged})
    return made


def _checkpoint(settings: CheckpointSettings) -> dict[str, Any]:
    signer = open_signer(settings.understudy_signing_key)
    pem = settings.understudy_checkpoint_public_keys
    keys = PublicKeys(pem.encode(), where="UNDERSTUDY_CHECKPOINT_PUBLIC_KEYS") if pem else None
    store = open_store(settings.understudy_store, read_only=True)
    try:
        checkpoints = open_checkpoints(settings.understudy_checkpoints)
        made = make_checkpoint(store, open_keyring(settings.understudy_audit_keys), signer, checkpoints, keys)
    except CheckpointConflictError:
        return {"made": None, "why": "somebody else has just made one"}
    finally:
        store.close()
    if made is None:
        return {"made": None, "why": "nothing new since the last one"}
    return {"made": made.number, "size": made.size, "root": made.root}


def _emit(values: Mapping[str, int]) -> None:
    """In the embedded metric format, as `lambda_app.metrics` writes it."""
    line: dict[str, Any] = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["function"]],
                    "Metrics": [{"Name": name, "Unit": "Count"} for name in values],
                }
            ],
        },
        "event": "checkpoint",
        "function": os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"),
    }
    sys.stdout.write(json.dumps(line | dict(values), separators=(",", ":")) + "\n")
