"""Without keys nothing is decided; when they are back, the same environment goes on."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from understudy.audit import keyring
from understudy.errors import UserError


@pytest.mark.parametrize("damage", ["missing", "empty", "not json", "no active key", "short key"])
def test_unusable_keys_are_no_answer_until_they_are_back(around: Any, damage: str) -> None:
    whole = around.keys.read_text()
    if damage == "missing":
        around.keys.unlink()
    else:
        texts = {"empty": "", "not json": "{", "no active key": "{}", "short key": '{"active": "k1", "k1": "ab"}'}
        around.keys.write_text(texts[damage])
    around.start()
    for _ in range(2):
        status, problem = around.recommend()
        assert status == 503
        assert "audit entry" in problem["detail"]
        assert str(around.folder) not in str(problem)
    assert around.ask("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})[0] == 503
    assert around.ask("GET", "/v1/health")[0] == 200
    around.keys.write_text(whole)
    assert around.recommend()[0] == 200


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "DecryptionFailure", "Message": "KMS"}}, "GetSecretValue"),  # type: ignore[arg-type]
        ClientError({"Error": {"Code": "KMSAccessDeniedException", "Message": "KMS"}}, "GetSecretValue"),  # type: ignore[arg-type]
        EndpointConnectionError(endpoint_url="https://secretsmanager"),
    ],
)
def test_a_key_service_that_fails_is_an_error_for_people(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    class Client:
        def get_secret_value(self, **_: Any) -> None:
            raise error

    monkeypatch.setattr(boto3, "client", lambda *_, **__: Client())
    with pytest.raises(UserError, match="the keyring cannot be read"):
        keyring.open_keyring("secretsmanager://arn")
