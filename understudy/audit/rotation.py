"""Give a keyring a new active key; the old ones stay, because old entries need them."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Any

from understudy.audit.keyring import ACTIVE, KEY_BYTES, Keyring
from understudy.errors import UserError

__all__ = ["rotate"]

CURRENT = "AWSCURRENT"


def rotate(url: str) -> str:
    """Add a random key to the ring at ``url`` and make it the active one; return its id.

    Processes that hold the old ring go on under the old key until they start again, and read the new ring when they
    meet an entry of the new key. Two rotations at once are two new keys, one after the other, or one and an error.

    Raises:
        UserError: there is no usable ring at ``url``, it cannot be written, or somebody else rotated it just now.
    """
    if url.startswith("file:///"):
        return _rotate_file(Path(url.removeprefix("file://")))
    if url.startswith("secretsmanager://"):
        return _rotate_secret(url.removeprefix("secretsmanager://"))
    raise UserError("not a keyring", where=repr(url), fix="Use file:///absolute/path.json or secretsmanager://arn.")


def _with_new_key(text: str, where: str) -> tuple[str, str]:
    ring = Keyring.parse(text, where=where)
    numbers = [int(key_id[1:]) for key_id in ring.ids if re.fullmatch(r"k[0-9]{1,9}", key_id)]
    key_id = f"k{max(numbers, default=0) + 1}"
    return key_id, json.dumps({**json.loads(text), ACTIVE: key_id, key_id: secrets.token_hex(KEY_BYTES)})


def _rotate_file(path: Path) -> str:
    fix = "Check the path, and who may write to it."
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise UserError(f"the keyring cannot be rotated: {error}", where=str(path), fix=fix) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # the ring itself is replaced, so it cannot carry the lock
        key_id, text = _with_new_key(path.read_text(encoding="utf-8"), str(path))
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # readable by its owner only
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise
        os.fsync(folder)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the keyring cannot be rotated: {error}", where=str(path), fix=fix) from None
    finally:
        os.close(folder)
    return key_id


def _rotate_secret(secret_id: str) -> str:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client: Any = boto3.client("secretsmanager")
        found = client.get_secret_value(SecretId=secret_id, VersionStage=CURRENT)
        key_id, text = _with_new_key(found["SecretString"], secret_id)
        # Written aside first, then made current in the place of the version that was read: a ring that somebody else
        # wrote in between is not lost, the service refuses.
        stage = f"UNDERSTUDY-{secrets.token_hex(8)}"
        made = client.put_secret_value(SecretId=secret_id, SecretString=text, VersionStages=[stage])
        client.update_secret_version_stage(
            SecretId=secret_id,
            VersionStage=CURRENT,
            MoveToVersionId=made["VersionId"],
            RemoveFromVersionId=found["VersionId"],
        )
        client.update_secret_version_stage(
            SecretId=secret_id, VersionStage=stage, RemoveFromVersionId=made["VersionId"]
        )
    except (BotoCoreError, ClientError, KeyError) as error:
        fix = "Check the secret and the role; if somebody else rotated it just now, their key is active."
        raise UserError(f"the keyring cannot be rotated: {error}", where=secret_id, fix=fix, exit_code=5) from error
    return key_id
