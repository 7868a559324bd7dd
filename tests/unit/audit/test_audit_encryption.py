from __future__ import annotations

import base64
import json
import math
import os
from typing import Any

import pytest

from understudy.audit.encryption import UnsealError, associated, encode, entry_secret, open_disclosed, seal, unseal
from understudy.contracts.api import CustomerProfile
from understudy.contracts.audit import SealedPart

KEY = bytes(range(32))
BOUND = associated("model_inference", "k1.abc", "00" * 8)
CONTENT = {"features": {"income": 41.5}, "text": "적금", "profile": {"age": 41.0}}


def sealed(content: dict[str, Any] = CONTENT, key: bytes = KEY) -> SealedPart:
    return SealedPart.model_validate(seal(key, "00" * 8, encode(content), BOUND).model_dump())


def test_what_is_sealed_is_opened_by_its_key_alone() -> None:
    part = sealed()
    assert unseal(KEY, part, BOUND) == CONTENT
    assert b"income" not in base64.b64decode(part.data)
    assert sealed().data != part.data
    with pytest.raises(UnsealError, match="not the one"):
        unseal(os.urandom(32), part, BOUND)


def test_models_are_encoded_as_they_would_be_dumped() -> None:
    profile = CustomerProfile(age=41, owned=["savings"])
    assert json.loads(encode({"profile": profile})) == {"profile": profile.model_dump(mode="json")}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_that_json_lacks_is_sealed(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        encode({"score": value})
    assert json.loads(encode({"text": "NaN, Infinity"})) == {"text": "NaN, Infinity"}


def test_every_changed_byte_and_every_other_place_is_refused() -> None:
    part = sealed()
    data = base64.b64decode(part.data)
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(UnsealError):
            unseal(KEY, part.model_copy(update={"data": base64.b64encode(changed).decode()}), BOUND)
    for kind, name, key_id in (("operation", "k1.abc", "00"), ("model_inference", "k1.abd", "00"), ("", "", "")):
        with pytest.raises(UnsealError):
            unseal(KEY, part, associated(kind, name, key_id))
    for cut in (0, 10, 47, 48, len(data) - 1):
        with pytest.raises(UnsealError):
            unseal(KEY, part.model_copy(update={"data": base64.b64encode(data[:cut]).decode()}), BOUND)


def test_a_disclosed_secret_opens_one_entry_and_no_other() -> None:
    one, other = sealed(), sealed({"other": 1})
    secret = entry_secret(KEY, one)
    assert open_disclosed(secret, one, BOUND) == CONTENT
    with pytest.raises(UnsealError):
        open_disclosed(secret, other, BOUND)
    for wrong in (b"", secret[:-1], secret + b"\0", KEY):
        with pytest.raises(UnsealError):
            open_disclosed(wrong, one, BOUND)


def test_what_inflates_without_end_is_refused() -> None:
    part = sealed({"zeros": "0" * 17_000_000})
    with pytest.raises(UnsealError, match="too large"):
        unseal(KEY, part, BOUND)
