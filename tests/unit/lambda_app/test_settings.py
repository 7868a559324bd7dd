"""The environment is read strictly."""

from __future__ import annotations

import pytest

from lambda_app.settings import Settings
from understudy.errors import UserError

WHOLE = {
    "UNDERSTUDY_BUNDLE": "/bundle",
    "UNDERSTUDY_STORE": "sqlite:///s",
    "UNDERSTUDY_AUDIT_KEYS": "file:///k",
    "PATH": "/bin",
}


def test_the_three_variables_are_read() -> None:
    settings = Settings.from_environment(WHOLE)
    assert (settings.understudy_bundle, settings.understudy_store) == ("/bundle", "sqlite:///s")
    assert settings.understudy_audit_keys == "file:///k"


@pytest.mark.parametrize("name", ["UNDERSTUDY_BUNDLE", "UNDERSTUDY_STORE", "UNDERSTUDY_AUDIT_KEYS"])
def test_a_missing_or_empty_variable_is_named(name: str) -> None:
    with pytest.raises(UserError, match=f"{name.lower()}: is required"):
        Settings.from_environment({k: v for k, v in WHOLE.items() if k != name})
    with pytest.raises(UserError, match=name.lower()):
        Settings.from_environment(WHOLE | {name: ""})
