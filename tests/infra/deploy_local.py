"""Deploy the product to an emulated cloud, use what was deployed, and take it down: ``make deploy-local``.

Every step asserts what it claims; the exit code of a CDK command is never believed alone. What is asked is the deployed
artefact: the zip that the emulated function holds, under the Lambda runtime client, with the deployed variables, in its
deployed role, on the emulated tables, buckets and keys.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import platform
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "fixtures")]

import pytest
import tiny_bundle
import watched
from botocore.exceptions import ClientError
from deployed_permissions import permissions
from deployed_refusals import refused_bundles
from deployed_watch import WATCHES, beside, watch
from python_313 import client_313, python_313

from infra.emulator.cloud import ACCOUNT, REGION, EmulatedCloud
from infra.emulator.policy import Usage
from understudy.atomic import canonical_json
from understudy.audit import fsck, open_keyring
from understudy.audit.checkpoint_store import open_checkpoints
from understudy.audit.coverage import Coverage
from understudy.audit.signing import PublicKeys, create_signing_key, open_signer
from understudy.bundle_signature import sign_manifest
from understudy.local import LocalFunction
from understudy.local.fake_bedrock import FakeBedrock
from understudy.stores import open_store

ADMIN = f"arn:aws:iam::{ACCOUNT}:user/operator"
CALLER = f"arn:aws:iam::{ACCOUNT}:role/branch"
ARCH = "arm64" if platform.machine() == "aarch64" else "x86_64"
MODEL = "amazon.nova-micro-v1:0"
DEPLOY = ("--method=direct", "--no-previous-parameters", "--require-approval", "never")
STATEFUL, SERVING, AUDIT, AGENTS, WATCH = (
    f"understudy-dev-{name}" for name in ("stateful", "serving", "audit", "agents", "watch")
)
STACK_OF = {"inference": SERVING, "checkpoint": AUDIT, "sentences": AGENTS, **dict.fromkeys(WATCHES, WATCH)}


class Walk:
    """The steps, in order; each prints a line when what it claims has been seen."""

    def __init__(self, cloud: EmulatedCloud, folder: Path, say: Callable[[str], None]) -> None:
        self.cloud = cloud
        self.folder = folder
        self._say = say
        self._began = time.monotonic()
        self._client = client_313(folder / "client")
        if not (folder / "bundle-key.pem").exists():  # a folder that is kept is used again
            create_signing_key(folder / "bundle-key.pem")
        self._signer = open_signer(f"file://{folder / 'bundle-key.pem'}")
        self.usage: dict[str, Usage] = {}
        self._roles: dict[str, set[str]] = {}

    def done(self, what: str) -> None:
        self._say(f"{time.monotonic() - self._began:6.1f} s  {what}")

    def run(self) -> None:
        """All of it."""
        self.bootstrap()
        self.synthesise("champion.zip")
        self.deploy(STATEFUL)
        self.bring_bundles()  # before anything starts: publishing a version starts the function once, for its snapshot
        self.deploy()
        with self.function("inference", "1") as function:
            self.answers(function)
            self.kill_switch(function)
            self.objection(function)
            self.review(function)
            self.erasure(function)
        refused_bundles(self)
        self.checkpoint()
        self.sentences()
        watch(self)
        self.synthesise("next.zip", "champion.zip")
        self.deploy()
        with self.function("inference", "2") as function:
            assert self.recommend(function, "c-1")["model_version"] == self.versions["next.zip"]
            self.previous_model(function)
            self.reports(function)
        self.synthesise("champion.zip", "next.zip")
        self.deploy()
        with self.function("inference", "3") as function:
            assert self.recommend(function, "c-1")["model_version"] == self.versions["champion.zip"]
        self.done("rolled back: the first model answers again, from version 3 of the function")
        self.checkpoint()
        self.usage = permissions(self, self._roles)
        self.destroy()

    def bootstrap(self) -> None:
        self.cloud.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}")
        assert self.cloud.client("ssm").get_parameter(Name="/cdk-bootstrap/hnb659fds/version")["Parameter"]["Value"]
        self.done("bootstrapped")

    def synthesise(self, bundle: str, previous: str | None = None) -> None:
        context = [f"arch={ARCH}", "stage=dev", f"bundle={bundle}", f"admins={ADMIN}", f"reason_model={MODEL}"]
        context += ["alarm_email=ops@bank.example", f"bundle_public_key={self.folder / 'bundle-key.pem.pub'}"]
        context += [f"previous={previous}"] if previous else []
        self.cloud.cdk("synth", "--quiet", context=context)
        self.done(f"synthesised, to serve {bundle}")

    def deploy(self, *stacks: str) -> None:
        self.cloud.cdk("deploy", *(stacks or ("--all",)), *DEPLOY, "--app", str(self.cloud.assembly))
        for stack in stacks or self.cloud.stacks():
            self.is_whole(stack)
        which = ", ".join(stacks) or "every stack"
        self.done(f"deployed {which}: every resource of the templates exists, every output has a value")

    def is_whole(self, stack: str) -> None:
        """What a template wants is what the stack has."""
        formation = self.cloud.client("cloudformation")
        pages = formation.get_paginator("list_stack_resources").paginate(StackName=stack)
        there = {
            one["LogicalResourceId"]: one["ResourceType"] for page in pages for one in page["StackResourceSummaries"]
        }
        wanted = {name: one["Type"] for name, one in self.cloud.template(stack)["Resources"].items()}
        assert there == wanted, set(wanted.items()) ^ set(there.items())
        (found,) = formation.describe_stacks(StackName=stack)["Stacks"]
        assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), found["StackStatus"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}
        assert outputs.keys() == self.cloud.template(stack).get("Outputs", {}).keys()
        assert not [name for name, value in outputs.items() if not value or "None" in value], outputs
        assert "No Moto CloudFormation support" not in self.cloud.log.read_text()

    def output(self, stack: str, name: str) -> str:
        (found,) = self.cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return str(next(one["OutputValue"] for one in found["Outputs"] if one["OutputKey"] == name))

    def bring_bundles(self) -> None:
        """Upload two signed bundles, whose model versions differ, and customers."""
        bucket, self.versions = self.output(STATEFUL, "BundleBucket"), {}
        for name, seed in (("champion.zip", 1), ("next.zip", 2)):
            content = tiny_bundle.files(**{"psi.json": canonical_json(watched.psi().model_dump(mode="json"))})
            path = tiny_bundle.write(self.folder / name, content, seed=seed)
            manifest = tiny_bundle.manifest_bytes(content, seed=seed)
            with zipfile.ZipFile(path, "a") as archive:
                archive.writestr("signature.json", sign_manifest(manifest, self._signer))
            self.cloud.client("s3").upload_file(str(path), bucket, name)
            self.versions[name] = json.loads(manifest)["model_version"]
        with self.environment(self.cloud.variables()):
            store = open_store("dynamodb://understudy-dev")
            store.put_records([tiny_bundle.customer(f"c-{number}") for number in range(1, 4)])
            store.put_records([tiny_bundle.customer("bold", profile={"risk_tolerance": 5})])
            store.close()
        self.done("bundles and customers are there")

    @contextmanager
    def environment(self, variables: dict[str, str]) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.update(variables)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    @contextmanager
    def function(
        self, name: str, version: str | None = None, *, handler: str | None = None, **also: str
    ) -> Iterator[LocalFunction]:
        """The deployed function ``name``, in its deployed role; ``handler``: one beside its package."""
        client = self.cloud.client("lambda")
        deployed = client.get_function_configuration(FunctionName=f"understudy-dev-{name}")
        if version is not None:
            alias = client.get_alias(FunctionName=f"understudy-dev-{name}", Name="live")
            assert alias["FunctionVersion"] == version, alias
            deployed = client.get_function_configuration(FunctionName=f"understudy-dev-{name}", Qualifier=version)
        package = self.package(name, deployed["CodeSha256"])
        if handler is not None:
            package = beside(package, self.folder / "tomorrow")
        role = self.cloud.client("sts").assume_role(RoleArn=deployed["Role"], RoleSessionName=name)["Credentials"]
        self._roles.setdefault(deployed["Role"].rpartition("/")[2], set()).add(role["AccessKeyId"])
        variables = {
            **deployed["Environment"]["Variables"],
            **self.cloud.variables(),
            "AWS_ACCESS_KEY_ID": role["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": role["SecretAccessKey"],
            "AWS_SESSION_TOKEN": role["SessionToken"],
            "AWS_LAMBDA_FUNCTION_NAME": deployed["FunctionName"],
            **also,
        }
        with LocalFunction(
            package,
            variables,
            handler=handler or deployed["Handler"],
            timeout=300,
            log=self.folder / f"{name}.log",
            executable=python_313(),
            client=self._client,
        ) as function:
            yield function

    def package(self, name: str, sha256: str) -> Path:
        """The zip that the emulated function was made of."""
        template = self.cloud.template(STACK_OF[name])
        (code,) = (
            one["Properties"]["Code"]
            for one in template["Resources"].values()
            if one["Type"] == "AWS::Lambda::Function" and one["Properties"]["FunctionName"] == f"understudy-dev-{name}"
        )
        bucket = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
        data = self.cloud.client("s3").get_object(Bucket=bucket, Key=code["S3Key"])["Body"].read()
        assert base64.b64encode(hashlib.sha256(data).digest()).decode() == sha256, "not the deployed code"
        path = self.folder / f"{name}.zip"
        path.write_bytes(data)
        return path

    def ask(self, function: LocalFunction, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The body of an answer that must be good; ``admin`` asks as the operator."""
        who = ADMIN if options.pop("admin", False) else CALLER
        event = tiny_bundle.event(method, path, body, authorizer={"iam": {"userArn": who}}, **options)
        answer = function.invoke(event)
        assert answer["statusCode"] in (200, 204), answer
        return json.loads(answer["body"]) if answer.get("body") else None

    def recommend(self, function: LocalFunction, customer: str, **options: Any) -> Any:
        return self.ask(function, "POST", "/v1/recommendations", {"customer_id": customer, "locale": "en", **options})

    def answers(self, function: LocalFunction) -> None:
        assert self.ask(function, "GET", "/v1/health")["status"] == "ok"
        answer = self.recommend(function, "c-1")
        assert answer["recommendations"]
        assert answer["recommendations"][0]["reason"]
        assert answer["model_version"] == self.versions["champion.zip"]
        assert answer["tasks"]["signups"]["layer"] == "distilled"
        assert answer["audit"]["seq"] == 1
        told = self.ask(function, "GET", f"/v1/customers/c-1/explanations/{answer['request_id']}")
        assert told["request_id"] == answer["request_id"]
        report = self.verify()
        assert report.verdict == "clean", report.bad
        assert report.entries >= 2
        products = ", ".join(one["product_id"] for one in answer["recommendations"])
        self.done(f"recommended {products} to a customer, audited as entry 1; the log verifies")

    def kill_switch(self, function: LocalFunction) -> None:
        body = {"scope": "global", "strategy": "rules", "target": None, "reason": "a drill"}
        self.ask(function, "PUT", "/v1/admin/kill-switch", body, admin=True)
        stopped = self.recommend(function, "c-1")
        assert {task["layer"] for task in stopped["tasks"].values()} == {"rules"}
        query = {"scope": "global", "reason": "the drill is over"}
        self.ask(function, "DELETE", "/v1/admin/kill-switch", query=query, admin=True)
        assert self.recommend(function, "c-1")["tasks"]["signups"]["layer"] == "distilled"
        refused = function.invoke(
            tiny_bundle.event("PUT", "/v1/admin/kill-switch", body, authorizer={"iam": {"userArn": CALLER}})
        )
        assert refused["statusCode"] == 403
        self.done("a kill switch stopped every model from the next request on, and only the operator may set one")

    def objection(self, function: LocalFunction) -> None:
        self.ask(function, "PUT", "/v1/customers/c-2/preferences", {"opted_out": True})
        after = self.recommend(function, "c-2")
        assert {task["layer"] for task in after["tasks"].values()} == {"rules"}
        assert self.recommend(function, "c-1")["tasks"]["signups"]["layer"] == "distilled"
        self.done("an objection was heeded from the next request on")

    def review(self, function: LocalFunction) -> None:
        """A withheld recommendation reaches the customer only after a person has approved it."""
        answer = self.recommend(function, "bold", top_k=10)
        notice = next(one for one in answer["reviews"] if one["withheld"])
        outcomes = f"/v1/customers/bold/recommendations/{answer['request_id']}"
        named = {one["review_id"]: one for one in self.ask(function, "GET", outcomes)["outcomes"]}
        assert named[notice["review_id"]]["recommendation"] is None
        listed = self.ask(function, "GET", "/v1/admin/reviews", admin=True)
        assert notice["review_id"] in json.dumps(listed)
        decision = {"decision": "approved", "reason": "a drill"}
        self.ask(function, "POST", f"/v1/admin/reviews/{notice['review_id']}/decision", decision, admin=True)
        named = {one["review_id"]: one for one in self.ask(function, "GET", outcomes)["outcomes"]}
        assert named[notice["review_id"]]["recommendation"]["product_id"]
        self.done("a withheld recommendation was delivered after the operator had approved it")

    def sentences(self) -> None:
        """What the requests ordered is written by the deployed worker; the language model alone is a stand-in."""
        sqs = self.cloud.client("sqs")
        url = sqs.get_queue_url(QueueName="understudy-dev-sentences")["QueueUrl"]
        orders = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=5).get("Messages", [])
        assert orders, "no request ordered a sentence"
        event = {"Records": [{"messageId": one["MessageId"], "body": one["Body"]} for one in orders]}
        with (
            FakeBedrock() as bedrock,
            self.function("sentences", AWS_ENDPOINT_URL_BEDROCK_RUNTIME=bedrock.url) as worker,
        ):
            assert worker.invoke(event) == {"batchItemFailures": []}
            assert len(bedrock.received) >= len(orders)
        self.done(f"the worker had {len(orders)} ordered sentences written, and keeps the books")

    def erasure(self, function: LocalFunction) -> None:
        erased = ("c-3", "bold")  # the second has a review
        for customer in erased:
            self.recommend(function, customer)
            self.ask(function, "DELETE", f"/v1/customers/{customer}")
        with self.environment(self.cloud.variables()):
            store = open_store("dynamodb://understudy-dev")
            assert [store.read_context(customer).record for customer in erased] == [None, None]
            store.close()
        assert self.verify().verdict == "clean"
        self.done("two customers were erased, one with a review, and the log still verifies")

    def reports(self, function: LocalFunction) -> None:
        """What the watching agents found, as an operator reads it."""
        (night,) = self.ask(function, "GET", "/v1/admin/reports", query={"kind": "ops"}, admin=True)["reports"]
        report = self.ask(function, "GET", f"/v1/admin/reports/ops/{night['period']}", admin=True)
        assert report["ops"]["colour"] == night["level"], night
        self.done(f"an operator read the report of {night['period']} through the function")

    def previous_model(self, function: LocalFunction) -> None:
        body = {"scope": "global", "strategy": "previous", "target": None, "reason": "a drill"}
        self.ask(function, "PUT", "/v1/admin/kill-switch", body, admin=True)
        answer = self.recommend(function, "c-1")
        assert self.versions["champion.zip"] in json.dumps(answer)
        query = {"scope": "global", "reason": "the drill is over"}
        self.ask(function, "DELETE", "/v1/admin/kill-switch", query=query, admin=True)
        self.done("the next model answers; a kill switch brought the previous one back")

    def checkpoint(self) -> None:
        with self.function("checkpoint") as function:
            made = function.invoke({"source": "aws.events"})
            assert made["made"] >= 1, made
            assert function.invoke({"source": "aws.events"})["made"] is None
        url = self.output(STATEFUL, "CheckpointLocation")
        report = self.verify(url)
        assert report.verdict == "clean", report.bad
        assert report.covered == report.entries == made["size"]
        bucket = url.removeprefix("s3://").partition("/")[0]
        lock = self.cloud.client("s3").get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
        assert lock["Rule"]["DefaultRetention"]["Mode"] == "COMPLIANCE"
        self.done(f"checkpoint {made['made']} covers all {made['size']} entries, signed by KMS, in the locked bucket")

    def verify(self, checkpoints: str | None = None) -> Any:
        """What `fsck` finds, with the keys of the cloud."""
        variables = self.cloud.client("lambda").get_function_configuration(FunctionName="understudy-dev-inference")
        ring = variables["Environment"]["Variables"]["UNDERSTUDY_AUDIT_KEYS"]
        with self.environment(self.cloud.variables()):
            coverage = None
            if checkpoints is not None:
                signer = open_signer(f"kms://{self.output(STATEFUL, 'CheckpointKey')}")
                keys = PublicKeys(signer.public_pem, where="KMS")
                coverage = Coverage(open_checkpoints(checkpoints).read(), keys)
            store = open_store("dynamodb://understudy-dev", read_only=True)
            report = fsck(store, open_keyring(ring), coverage)
            store.close()
        return report

    def destroy(self) -> None:
        """The stacks without data go; the one with data refuses, and keeps what it holds."""
        loose = [stack for stack in self.cloud.stacks() if stack != STATEFUL]
        self.cloud.cdk("destroy", *loose, "--force", "--app", str(self.cloud.assembly))
        formation = self.cloud.client("cloudformation")
        found = formation.describe_stacks()["Stacks"]
        assert not {one["StackName"] for one in found if "DELETE" not in one["StackStatus"]} & set(loose)
        assert not self.cloud.client("lambda").list_functions()["Functions"]
        with pytest.raises(ClientError, match="TerminationProtection"):
            formation.delete_stack(StackName=STATEFUL)
        ring = next(one["ARN"] for one in self.cloud.client("secretsmanager").list_secrets()["SecretList"])
        with self.environment(self.cloud.variables()):
            store = open_store("dynamodb://understudy-dev", read_only=True)
            assert fsck(store, open_keyring(f"secretsmanager://{ring}")).verdict == "clean"
            store.close()
        self.done("destroyed what answers; customers, audit log, checkpoints and keys are still there")


def main() -> int:
    """Run the walk; exit code 1 with the failed assertion otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="folder that keeps logs, calls and templates")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deploy-local-") as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with EmulatedCloud(folder) as cloud:
            Walk(cloud, folder, print).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
