"""One synthesis per stage for all tests of the stacks; the package is a stub, so nothing is built."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # deploy_local, which is a script too
# Before jsii starts its kernel: how old the local Node is, is not what these tests are about.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "1")

from aws_cdk import App, Validations
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks

from infra.app import add_stacks
from infra.config import read_deployment
from infra.stacks.distillation import DistillationStack

CONTEXT = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]

PEM = "-----BEGIN PUBLIC KEY-----\nQUJD\n-----END PUBLIC KEY-----"


class Synthesised:
    """The templates of one stage, as CloudFormation will read them."""

    def __init__(self, folder: Path, stub: Path, context: dict[str, Any]) -> None:
        app = App(context=CONTEXT | context, outdir=str(folder), analytics_reporting=False)
        stub_code = lambda: lambda_.Code.from_asset(str(stub))  # noqa: E731
        stacks = add_stacks(app, stub_code, stub_code)
        app.synth()
        self.folder = folder
        self.names = [stack.stack_name for stack in stacks.all()]
        self.templates: dict[str, dict[str, Any]] = {
            name.rpartition("-")[2]: json.loads((folder / f"{name}.template.json").read_text()) for name in self.names
        }
        self.stateful = self.templates["stateful"]
        self.serving = self.templates["serving"]

    def of_type(self, kind: str, stack: str | None = None) -> dict[str, dict[str, Any]]:
        """Logical id -> resource, in one stack or in all."""
        templates = [self.templates[stack]] if stack else self.templates.values()
        return {
            name: resource
            for template in templates
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def only(self, kind: str, stack: str | None = None) -> dict[str, Any]:
        """The properties of the one resource of ``kind``."""
        (resource,) = self.of_type(kind, stack).values()
        properties: dict[str, Any] = resource["Properties"]
        return properties

    def holding(self, kind: str, word: str) -> dict[str, Any]:
        """The properties of the one resource of ``kind`` whose logical id holds ``word``."""
        (resource,) = (found for name, found in self.of_type(kind).items() if word in name)
        properties: dict[str, Any] = resource["Properties"]
        return properties


@pytest.fixture(scope="session")
def stub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    (folder / "placeholder.py").write_text("")
    return folder


@pytest.fixture(scope="session")
def synthesise(stub: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Synthesised]:
    return lambda **context: Synthesised(tmp_path_factory.mktemp("cdk") / "out", stub, context)


@pytest.fixture(scope="session")
def dev(synthesise: Callable[..., Synthesised]) -> Synthesised:
    return synthesise()


@pytest.fixture(scope="session")
def spoken(synthesise: Callable[..., Synthesised]) -> Synthesised:
    """A stage whose sentences a model writes."""
    return synthesise(reason_model="global.anthropic.claude-haiku-4-5-20251001-v1:0", alarm_email="ops@bank.example")


@pytest.fixture(scope="session")
def prod(synthesise: Callable[..., Synthesised]) -> Synthesised:
    return synthesise(stage="prod", bundle="bundles/finsynth-1.zip", bundle_public_key=PEM)


@pytest.fixture(scope="session")
def distilling(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The resources of the distillation stack, synthesised under cdk-nag, and the assembly's folder."""
    folder = tmp_path_factory.mktemp("distillation") / "out"
    app = App(outdir=str(folder), analytics_reporting=False)
    context = {"stage": "dev", "bundle": "champion.zip", "distillation": "configs/finsynth.json"}
    stack = DistillationStack(app, deployment=read_deployment(context))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
    template = json.loads((folder / f"{stack.stack_name}.template.json").read_text())
    return template["Resources"], folder
