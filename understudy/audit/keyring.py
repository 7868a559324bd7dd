"""The keys that authenticate audit entries: several to verify with, one to write with."""

from __future__ import annotations

import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from understudy.errors import UserError

__all__ = ["Keyring", "open_keyring"]

KEY_BYTES = 32
ACTIVE = "active"
MISSES = 8  # unknown key ids that are looked up again where the ring came from; a forged log may name any number


class Keyring:
    """Key ids and their secrets, one of them active.

    Its JSON is flat, ``{"active": "k1", "k1": "<64 hex digits>"}``, because that is what Secrets Manager can generate
    by itself, so that no person and no template ever holds the key. `understudy.audit.rotation` adds a key and names it
    active; the old keys stay, to verify the old entries.

    A ring that was opened from a URL reads it again, once, for each key id that it does not hold: so a process that
    started before a rotation still verifies what was written after it.
    """

    def __init__(self, active: str, keys: Mapping[str, bytes], reload: Callable[[], Keyring] | None = None) -> None:
        self._active = active
        self._keys = dict(keys)
        self._begun: dict[str, hmac.HMAC] = {}
        self._reload = reload
        self._missed: set[object] = set()
        self._derived: dict[tuple[str, str], bytes] = {}

    @property
    def active(self) -> str:
        """Id of the key that new entries are written with."""
        return self._active

    def __contains__(self, key_id: object) -> bool:
        if key_id not in self._keys and self._reload is not None:
            self._look_again(key_id, self._reload)
        return key_id in self._keys

    def _look_again(self, key_id: object, reload: Callable[[], Keyring]) -> None:
        if key_id in self._missed or len(self._missed) >= MISSES:
            return
        self._missed.add(key_id)
        fresh = reload()
        self._keys |= fresh._keys
        self._active = fresh._active
        self._derived.clear()
        self._begun.clear()

    @property
    def ids(self) -> list[str]:
        """All key ids, the active one first."""
        return [self._active, *(key_id for key_id in self._keys if key_id != self._active)]

    def __repr__(self) -> str:
        return f"Keyring(active={self._active!r}, keys={sorted(self._keys)})"

    def mac(self, key_id: str, message: bytes) -> str:
        """HMAC-SHA256 (hex) of ``message`` under key ``key_id``.

        Raises:
            KeyError: the ring does not hold that key.
        """
        # The state after the key is kept: setting a key up costs as much as a kilobyte of message.
        state = self._begun.get(key_id)
        if state is None:
            state = self._begun[key_id] = hmac.new(self._keys[key_id], digestmod="sha256")
        begun = state.copy()
        begun.update(message)
        return begun.hexdigest()

    def derived(self, key_id: str, purpose: str) -> bytes:
        """A key (32 bytes) for ``purpose`` only.

        It is HKDF-Expand (RFC 5869, section 2.3) of the secret with info ``understudy/<purpose>``, one block; the
        extract step is left out, as section 3.3 allows for a secret that is uniformly random already.

        Raises:
            KeyError: the ring does not hold that key.
        """
        known = self._derived.get((key_id, purpose))
        if known is None:
            known = hmac.digest(self._keys[key_id], f"understudy/{purpose}".encode() + b"\x01", "sha256")
            self._derived[key_id, purpose] = known
        return known

    def derived_mac(self, key_id: str, purpose: str, message: bytes) -> str:
        """HMAC-SHA256 (hex) of ``message`` under the key `derived` for ``purpose``."""
        return hmac.digest(self.derived(key_id, purpose), message, "sha256").hex()

    @classmethod
    def create(cls, path: Path) -> Keyring:
        """Write a ring with one new key to ``path``, readable by its owner only.

        Raises:
            UserError: the file exists; a key that entries depend on is never overwritten.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise UserError("the keyring exists", where=str(path), fix="Use it, or choose another path.") from None
        text = json.dumps({ACTIVE: "k1", "k1": secrets.token_hex(KEY_BYTES)})
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        return cls.parse(text, where=str(path))

    @classmethod
    def parse(cls, text: str, *, where: str) -> Keyring:
        """Read a ring from its JSON.

        Raises:
            UserError: it is not a ring; the message never shows a secret.
        """
        try:
            data = json.loads(text)
        except ValueError:
            raise _unusable("is not JSON", where) from None
        if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
            raise _unusable("must be one JSON object of strings", where)
        active = data.pop(ACTIVE, None)
        if active is None or active not in data:
            raise _unusable('names no active key that it holds ("active": "<key id>")', where)
        for key_id, secret in data.items():
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key_id):
                raise _unusable(f"has the key id {key_id!r}; letters, digits, - and _ only", where)
            if not re.fullmatch(rf"[0-9a-f]{{{2 * KEY_BYTES}}}", secret):
                raise _unusable(f"key {key_id!r} is not {2 * KEY_BYTES} lower-case hex digits", where)
        return cls(active, {key_id: bytes.fromhex(secret) for key_id, secret in data.items()})


def _unusable(what: str, where: str) -> UserError:
    return UserError(f"the keyring {what}", where=where, fix="Restore the keyring; entries need their key to verify.")


def open_keyring(url: str) -> Keyring:
    """Read the ring at ``file:///absolute/path.json`` or ``secretsmanager://<secret arn or name>``.

    Raises:
        UserError: the URL is neither, or there is no usable ring behind it.
    """
    ring = _read(url)
    ring._reload = partial(_read, url)
    return ring


def _read(url: str) -> Keyring:
    if url.startswith("file:///"):
        path = Path(url.removeprefix("file://"))
        try:
            return Keyring.parse(path.read_text(encoding="utf-8"), where=str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"the keyring cannot be read: {error}", where=str(path), fix="Check the path.") from None
    if url.startswith("secretsmanager://"):
        secret_id = url.removeprefix("secretsmanager://")
        return Keyring.parse(_fetch(secret_id), where=secret_id)
    raise UserError("not a keyring", where=repr(url), fix="Use file:///absolute/path.json or secretsmanager://arn.")


def _fetch(secret_id: str) -> str:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    # The first request waits for it: without a limit of its own, a service that hangs would cost a minute.
    limits = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 3})
    try:
        client = boto3.client("secretsmanager", config=limits)
        found = client.get_secret_value(SecretId=secret_id, VersionStage="AWSCURRENT")
        text: str = found["SecretString"]
    except (BotoCoreError, ClientError, KeyError) as error:
        fix = "Check the secret and the role that reads it."
        raise UserError(f"the keyring cannot be read: {error}", where=secret_id, fix=fix, exit_code=5) from error
    return text
