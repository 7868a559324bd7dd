from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra.config import CONTEXT, STAGES, read_deployment
from understudy.errors import UserError

PEM = "-----BEGIN PUBLIC KEY-----\nQUJD\n-----END PUBLIC KEY-----"
GOOD = {"stage": "dev", "bundle": "a.zip"}
TOKENS = {"jwt_issuer": "https://a.example/realm", "jwt_audiences": "a b"}


def test_a_deployment_is_a_stage_and_a_bundle() -> None:
    deployment = read_deployment({"stage": "prod", "bundle": "bundles/v1.zip", "bundle_public_key": PEM})
    assert deployment.prefix == "understudy-prod"
    assert deployment.config == STAGES["prod"]


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"bundle": "a.zip"}, "no stage was given"),
        ({"stage": "staging", "bundle": "a.zip"}, "unknown stage 'staging'"),
        ({"stage": "dev"}, "no bundle was given"),
        ({"stage": "dev", "bundle": "champion"}, "'champion' cannot be a bundle"),
        ({"stage": "dev", "bundle": "/a.zip"}, "'/a.zip' cannot be a bundle"),
        ({"stage": "dev", "bundle": "a*.zip"}, "cannot be a bundle"),
        ({"stage": "dev", "bundle": 7}, "cannot be a bundle"),
        ({"stage": "prod", "bundle": "a.zip"}, "prod serves signed bundles only"),
        ({**GOOD, "endpoint": "open"}, "unknown endpoint 'open'"),
        ({**GOOD, "endpoint": "private"}, "a private endpoint needs VPC endpoints"),
        ({**GOOD, "vpc_endpoints": "vpce-0123456789abcdef0"}, "a private endpoint needs VPC endpoints"),
        ({**GOOD, "jwt_issuer": "https://a.example"}, "an issuer of tokens needs an audience"),
        ({**GOOD, "jwt_audiences": "a"}, "an issuer of tokens needs an audience"),
        ({**GOOD, **TOKENS, "endpoint": "firewall"}, "only the HTTP API checks tokens"),
    ],
)
def test_what_cannot_be_deployed_is_refused_and_says_what_to_add(context: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message.replace("*", r"\*")) as raised:
        read_deployment(context)
    assert "-c " in raised.value.fix


def test_the_command_ends_with_the_message_and_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-m", "infra.app"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no stage was given" in done.stderr
    assert "one of: dev, prod" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("bundle_public_key", PEM, "bundle-key.pub"),
        ("checkpoint_public_keys", f"{PEM}\n{PEM}", "-----BEGIN PRIVATE KEY-----"),
        ("alarm_email", "ops@bank.example", "ops"),
        ("arch", "x86_64", "sparc"),
        ("distillation", "configs/a.json", "configs/a.toml"),
        ("artefacts", "s3://bank-runs/finsynth", "runs/finsynth"),
        ("labels", "s3://bank-outcomes/late", "s3://"),
        ("admins", "arn:aws:iam::123456789012:role/ops/*", "*"),
        ("previous", "b.zip", "b*.zip"),
    ],
)
def test_an_optional_value_is_used_or_refused_by_its_name(name: str, good: str, bad: str) -> None:
    given = {"stage": "dev", "bundle": "a.zip"}
    field = {"previous": "previous_key"}.get(name, name)
    assert getattr(read_deployment({**given, name: good}), field) == good
    assert read_deployment({**given, name: None}) == read_deployment(given)
    with pytest.raises(UserError) as raised:
        read_deployment({**given, name: bad})
    assert "-c " in raised.value.fix


def test_a_public_key_is_read_from_its_file(tmp_path: Path) -> None:
    """What stands after the first line of a value, the CDK command drops."""
    file = tmp_path / "bundle-key.pub"
    file.write_text(f"{PEM}\n")
    assert read_deployment({**GOOD, "bundle_public_key": str(file)}).bundle_public_key == PEM
    file.write_text("-----BEGIN PRIVATE KEY-----")
    for wrong in (str(file), str(tmp_path / "none.pub"), PEM.splitlines()[0]):
        with pytest.raises(UserError, match="bundle_public_key is not usable"):
            read_deployment({**GOOD, "bundle_public_key": wrong})


def test_ways_in_are_read() -> None:
    tokens = read_deployment({**GOOD, **TOKENS})
    assert (tokens.endpoint, tokens.jwt_issuer, tokens.jwt_audiences) == ("http", "https://a.example/realm", ("a", "b"))
    private = read_deployment({**GOOD, "endpoint": "private", "vpc_endpoints": "vpce-0123456789abcdef0"})
    assert private.vpc_endpoints == ("vpce-0123456789abcdef0",)
    with pytest.raises(UserError, match="jwt_issuer is not usable"):
        read_deployment({**GOOD, **TOKENS, "jwt_issuer": "http://a.example"})
    with pytest.raises(UserError, match="vpc_endpoints is not usable"):
        read_deployment({**GOOD, "endpoint": "private", "vpc_endpoints": "vpc-1"})


def test_everything_that_is_read_is_asked_of_the_context() -> None:
    """A value that the application does not pass on would be given in vain."""
    asked: set[str] = set()

    class Watching(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            asked.add(name)
            return super().get(name, default)

    read_deployment(Watching(stage="dev", bundle="a.zip"))
    assert asked == set(CONTEXT)
