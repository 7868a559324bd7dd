"""The batch job: S3 or a folder, one writer at a time, pieces that outlive the machine, configs and signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from distill.job import read_config
from distill.job.__main__ import main
from distill.job._lease import Lease
from distill.job._mirror import Mirror
from distill.pipeline import one_run_at_a_time
from understudy.audit.signing import PublicKeys, create_signing_key, open_signer
from understudy.bundle import BundleError, load_bundle
from understudy.bundle_signature import public_keys
from understudy.cli.app import app
from understudy.errors import UserError
from understudy.objects import open_objects


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bank")
        yield client


def upload(client: Any, folder: Path, prefix: str) -> None:
    for path in folder.iterdir():
        client.put_object(Bucket="bank", Key=f"{prefix}/{path.name}", Body=path.read_bytes())


def content(folder: Path) -> dict[str, bytes]:
    names = ("bundle.zip", "job.json", "gates/report.json")
    return {name: (folder / name).read_bytes() for name in names}


def test_the_same_job_twice_gives_the_same_bytes_and_s3_the_same_as_a_folder(
    troupe: Any, tmp_path: Path, cloud: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "key.pem"
    create_signing_key(key)
    signing = {"signing_key": f"file://{key}"}
    first = troupe.run(tmp_path / "out", **signing)
    before = content(first.root)
    assert troupe.run(tmp_path / "out", **signing).code == 0
    assert content(first.root) == before
    assert load_bundle(first.root / "bundle.zip", public_keys(f"{key}.pub")).manifest.accepted

    upload(cloud, troupe.spec.parent, "data")
    work = tmp_path / "work"
    shutil.copytree(troupe.data, work)
    config = {
        "run": {"dataset": "s3://bank/data/spec.toml", "preset": "quick", "folds": 2},
        "out": "s3://bank/runs/one",
        "work": str(work),
        **signing,
    }
    cloud.put_object(Bucket="bank", Key="config.json", Body=json.dumps(config))
    assert main(["--config", "s3://bank/config.json"]) == 0
    place = open_objects("s3://bank/runs/one")
    assert {name: place.read(name).data for name in before} == before  # type: ignore[union-attr]
    assert '"event": "result"' in capsys.readouterr().err


def test_an_unsigned_or_wrongly_signed_bundle_is_refused_where_a_key_is_set(troupe: Any, tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        create_signing_key(tmp_path / f"{name}.pem")
    keys = public_keys((tmp_path / "ours.pem.pub").read_text().replace("\n", "\\n"))
    unsigned = troupe.run(tmp_path / "a")
    with pytest.raises(BundleError, match=r"signature\.json: the bundle is not signed"):
        load_bundle(unsigned.root / "bundle.zip", keys)
    signed = troupe.run(tmp_path / "b", signing_key=f"file://{tmp_path}/theirs.pem")
    with pytest.raises(BundleError, match=r"signature\.json: key [0-9a-f]{16} is not accepted"):
        load_bundle(signed.root / "bundle", keys)
    assert load_bundle(signed.root / "bundle").manifest.accepted
    command = ["bundle", "verify", str(signed.root / "bundle.zip"), "--public-key"]
    assert "its signature holds" in CliRunner().invoke(app, [*command, str(tmp_path / "theirs.pem.pub")]).output
    refused = CliRunner().invoke(app, [*command, str(tmp_path / "ours.pem.pub")]).exception
    assert isinstance(refused, UserError)
    assert refused.exit_code == 3


def test_a_bundle_is_signed_by_a_key_that_never_leaves_kms(troupe: Any, tmp_path: Path, cloud: Any) -> None:
    kms = boto3.client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/bundles", TargetKeyId=key)
    asked: list[dict[str, Any]] = []
    cloud_session = boto3.DEFAULT_SESSION
    assert cloud_session is not None
    cloud_session.events.register("provide-client-params.kms.Sign", lambda params, **_: asked.append(params))
    done = troupe.run(tmp_path / "out", signing_key="kms://alias/bundles")
    assert done.code == 0
    # A message of more is refused by KMS, whatever the emulation says; the manifest is longer than that.
    assert [len(params["Message"]) <= 4096 for params in asked] == [True]
    assert (done.root / "bundle" / "manifest.json").stat().st_size > 4096
    pem = open_signer(f"kms://{key}").public_pem
    assert load_bundle(done.root / "bundle.zip", PublicKeys(pem, where="KMS")).manifest.accepted
    other = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    with pytest.raises(BundleError, match=r"signature\.json: key [0-9a-f]{16} is not accepted"):
        load_bundle(done.root / "bundle.zip", PublicKeys(open_signer(f"kms://{other}").public_pem, where="KMS"))
    assert troupe.run(tmp_path / "none", signing_key="kms://alias/gone").code == 5


def test_two_jobs_on_one_folder_take_turns(troupe: Any, tmp_path: Path) -> None:
    shutil.copytree(troupe.data, tmp_path / "out")
    with one_run_at_a_time(tmp_path / "out"):
        second = troupe.run(tmp_path / "out")
    assert second.code == 5
    assert "another run" in second.of("refused")[0]["what"]
    assert troupe.run(tmp_path / "out").code == 0


def test_a_lease_excludes_runs_out_and_is_not_written_through(tmp_path: Path) -> None:
    objects, now = open_objects(str(tmp_path)), [1000.0]
    first = Lease(objects, 90.0, lambda: now[0])
    with pytest.raises(UserError, match="another job is writing") as refused:
        Lease(objects, 90.0, lambda: now[0])
    assert refused.value.exit_code == 5
    now[0] += 80
    first.renew()
    now[0] += 80
    with pytest.raises(UserError):
        Lease(objects, 90.0, lambda: now[0])
    now[0] += 11
    second = Lease(objects, 90.0, lambda: now[0])
    first.renew()
    with pytest.raises(UserError, match="the lease was lost") as lost:
        first.require()
    assert lost.value.exit_code == 5
    first.release()
    second.require()
    second.release()
    Lease(objects, 90.0, lambda: now[0]).require()


def test_pieces_come_back_on_a_machine_that_has_nothing(tmp_path: Path) -> None:
    objects = open_objects(str(tmp_path / "place"))
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "students" / "churn").mkdir(parents=True)
    (here / "students" / "churn" / "students.json").write_text("{}")
    (here / "students" / ".spend.abcdefgh").mkdir()
    (here / "soft" / "fold0").mkdir(parents=True)
    (here / "soft" / "fold0" / "checkpoint.pt").write_bytes(b"torch")
    mirror = Mirror(here, objects, lambda: None)
    mirror.push()
    assert objects.names() == ["state/soft/fold0/checkpoint.pt", "state/students/churn.tar"]
    assert Mirror(there, objects, lambda: None).pull() == 2
    assert (there / "students" / "churn" / "students.json").read_text() == "{}"
    assert (there / "soft" / "fold0" / "checkpoint.pt").read_bytes() == b"torch"


def test_nothing_is_written_without_the_lease(tmp_path: Path) -> None:
    def refuse() -> None:
        raise UserError("lost", exit_code=5)

    (tmp_path / "here" / "students" / "churn").mkdir(parents=True)
    objects = open_objects(str(tmp_path / "place"))
    with pytest.raises(UserError, match="lost"):
        Mirror(tmp_path / "here", objects, refuse).push()
    assert objects.names() == []


def test_the_plan_is_stated_before_the_work(troupe: Any, tmp_path: Path) -> None:
    done = troupe.run(tmp_path / "out")
    order = [event["event"] for event in done.events]
    plan = done.of("plan")[0]
    assert order.index("plan") < order.index("task")
    assert plan["rows"]["train"] > 1000
    assert plan["at_most"]["seconds"] > 0
    assert plan["at_most"]["memory_bytes"] > 2**29


@pytest.mark.parametrize(
    ("text", "what"),
    [("{", "not JSON"), ('{"out": "x"}', "run"), ('{"run": {"dataset": "x"}, "out": "y", "colour": 1}', "colour")],
)
def test_a_wrong_config_is_named(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(UserError, match=what) as refused:
        read_config(str(path))
    assert refused.value.exit_code == 2
    assert main(["--config", str(tmp_path / "none.json")]) == 2


def test_a_machine_that_is_taken_away_ends_the_job_as_transient(
    troupe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*_a: Any, **_k: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("distill.label_out_of_fold", taken)
    done = troupe.run(tmp_path / "out")
    assert done.code == 5
    assert done.of("stopped")


def test_a_full_disk_is_transient(troupe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_a: Any, **_k: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("distill.fit_students", full)
    done = troupe.run(tmp_path / "out")
    assert done.code == 5
    assert "No space left" in done.of("failed")[0]["error"]


def test_what_a_killed_job_was_writing_is_cleared(troupe: Any, tmp_path: Path) -> None:
    shutil.copytree(troupe.data, tmp_path / "out")
    (tmp_path / "out" / ".bundle.a1b2c3d4").mkdir()
    (tmp_path / "out" / ".bundle.zip.x_y_z_w_").write_text("half")
    assert troupe.run(tmp_path / "out").code == 0
    assert not list((tmp_path / "out").glob(".bundle*"))
