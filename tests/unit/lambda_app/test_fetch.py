"""A bundle in a bucket is brought here; a path stays where it is."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
import tiny_bundle
from botocore.exceptions import ClientError
from moto import mock_aws

from understudy.bundle import load_bundle
from understudy.fetch import local_bundle


def test_a_path_stays() -> None:
    assert local_bundle("/some/bundle.zip") == Path("/some/bundle.zip")


def test_an_object_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    archive = tiny_bundle.write(tmp_path / "bundle.zip")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="models")
        s3.upload_file(str(archive), "models", "tiny/v1.zip")
        found = local_bundle("s3://models/tiny/v1.zip")
        assert load_bundle(found).manifest.dataset == "tiny"
        with pytest.raises(ClientError):
            local_bundle("s3://another/tiny/v1.zip")


def test_a_bundle_that_is_absent_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bundles")
        with pytest.raises(FileNotFoundError, match=r"no bundle at s3://bundles/champion\.zip: upload it"):
            local_bundle("s3://bundles/champion.zip")
