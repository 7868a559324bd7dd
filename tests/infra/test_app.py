"""The synthesis as a whole: offline, clean, repeatable, and holding the real package."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

from infra import bundling
from infra.acknowledge import acknowledge
from infra.constructs import function_code


def test_it_asks_no_account_for_anything(dev: Any) -> None:
    manifest = json.loads((dev.folder / "manifest.json").read_text())
    assert "missing" not in manifest
    stacks = [a for a in manifest["artifacts"].values() if a["type"] == "aws:cloudformation:stack"]
    assert {stack["environment"] for stack in stacks} == {"aws://unknown-account/unknown-region"}


def test_the_same_inputs_give_the_same_templates(dev: Any, synthesise: Callable[..., Any]) -> None:
    assert synthesise().templates == dev.templates


def test_another_bundle_makes_another_version_of_the_function(dev: Any, synthesise: Callable[..., Any]) -> None:
    other = synthesise(bundle="next.zip")
    assert set(other.of_type("AWS::Lambda::Version")) != set(dev.of_type("AWS::Lambda::Version"))
    assert other.stateful == dev.stateful


def test_the_stages_share_no_name(dev: Any, prod: Any) -> None:
    def names(synthesised: Any) -> set[str]:
        kinds = ("AlarmName", "AliasName", "BucketName", "FunctionName", "QueueName", "TableName")
        found = [one for template in synthesised.templates.values() for one in template["Resources"].values()]
        return {r["Properties"][k] for r in found for k in kinds if isinstance(r["Properties"].get(k), str)}

    assert len(names(dev)) >= 10
    assert not names(dev) & names(prod)


def test_a_finding_of_cdk_nag_stops_the_synthesis_and_an_acknowledgement_lets_it_pass(tmp_path: Path) -> None:
    """The stacks of the application are synthesised under the same checks, so they are clean."""

    def synthesise(name: str, *findings: str) -> None:
        app = App(outdir=str(tmp_path / name), analytics_reporting=False)
        bucket = s3.Bucket(Stack(app, "planted"), "Bucket", block_public_access=s3.BlockPublicAccess.BLOCK_ALL)
        for finding in findings:
            acknowledge(bucket, finding, "It is planted.")
        Validations.of(app).add_plugins(AwsSolutionsChecks(app))
        app.synth()

    with pytest.raises(RuntimeError, match="AwsSolutions-S10"):
        synthesise("bad", "S1")
    synthesise("good", "S1", "S10")


def test_every_acknowledgement_has_a_reason(dev: Any) -> None:
    accepted = {}
    for name in dev.names:
        metadata = json.loads((dev.folder / f"{name}.metadata.json").read_text())
        for path, entries in metadata.items():
            for entry in entries:
                if "acknowledge" in entry["type"].lower():
                    accepted[path] = entry["data"]
    said = json.dumps(accepted)
    found = set(re.findall(r"AwsSolutions-([A-Z]+[0-9]+)", said))
    assert found == {"S1", "SMG4", "SQS3", "L1", "IAM4", "IAM5"}, found


def test_the_deployed_packages_are_the_ones_that_are_built(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path / "out"), analytics_reporting=False)
    code = {"Serving": function_code.function_code(), "Watching": function_code.watch_code()}
    for name, asset in code.items():
        runtime = lambda_.Runtime.PYTHON_3_13
        lambda_.Function(Stack(app, name), "Function", runtime=runtime, handler="a.b", code=asset)
    app.synth()
    deployed = {hashlib.sha256(asset.read_bytes()).hexdigest() for asset in (tmp_path / "out").glob("asset.*.zip")}
    built = [
        build(tmp_path / "built.zip", arch="arm64", python="3.13").read_bytes()
        for build in (bundling.build_function_zip, bundling.build_watch_zip)
    ]
    assert deployed == {hashlib.sha256(data).hexdigest() for data in built}
