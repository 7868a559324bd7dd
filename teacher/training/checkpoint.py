"""One file from which an interrupted training goes on as if nothing had happened."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch

from understudy.atomic import write_bytes

__all__ = ["read_checkpoint", "rng_state", "set_rng_state", "write_checkpoint"]


def write_checkpoint(path: Path, identity: str, state: dict[str, Any]) -> None:
    """Replace the checkpoint in one rename. ``identity`` fingerprints the config, the rows and the data."""
    buffer = io.BytesIO()
    torch.save({"identity": identity, "state": state}, buffer)
    write_bytes(path, buffer.getvalue())


def read_checkpoint(path: Path, identity: str) -> dict[str, Any] | None:
    """The state, or None if there is no checkpoint or it belongs to another run.

    A file that is not a checkpoint (it can only have been put there by other hands: writing is atomic) is no obstacle
    to training anew.
    """
    try:
        record = torch.load(path, map_location="cpu", weights_only=True)
    except (FileNotFoundError, EOFError, RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile):
        return None
    if not isinstance(record, dict) or record.get("identity") != identity:
        return None
    state: dict[str, Any] = record["state"]
    return state


def rng_state(device: torch.device) -> dict[str, Any]:
    """The generators that dropout draws from."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def set_rng_state(state: dict[str, Any], device: torch.device) -> None:
    """The inverse of ``rng_state``."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
