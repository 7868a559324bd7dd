"""A folder and a bucket keep the same promises."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from understudy.errors import UserError
from understudy.objects import ObjectChangedError, Objects, open_objects


@pytest.fixture(params=["folder", "s3"])
def objects(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Objects]:
    if request.param == "folder":
        yield open_objects(f"file://{tmp_path}/place")
        return
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="bank")
        yield open_objects("s3://bank/some/place")


def test_what_was_written_is_read_and_listed(objects: Objects) -> None:
    assert objects.read("a/b.json") is None
    assert objects.names() == []
    objects.write("a/b.json", b"1")
    objects.write("c", b"2")
    objects.write("c", b"3")
    found = objects.read("c")
    assert found is not None
    assert found.data == b"3"
    assert objects.names() == ["a/b.json", "c"]
    assert objects.names("a/") == ["a/b.json"]
    objects.delete("c")
    objects.delete("c")
    assert objects.names() == ["a/b.json"]


def test_a_conditional_write_is_refused_when_somebody_was_faster(objects: Objects) -> None:
    tag = objects.swap("pointer", b"one", None)
    with pytest.raises(ObjectChangedError):
        objects.swap("pointer", b"also one", None)
    second = objects.swap("pointer", b"two", tag)
    with pytest.raises(ObjectChangedError):
        objects.swap("pointer", b"three", tag)
    found = objects.read("pointer")
    assert found == (b"two", second)


def test_of_many_who_create_at_once_one_wins(tmp_path: Path) -> None:
    place = open_objects(str(tmp_path))

    def create(number: int) -> bool:
        try:
            place.swap("pointer", str(number).encode(), None)
        except ObjectChangedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(32))) == 1


@pytest.mark.parametrize("name", ["../x", "/etc/x", ""])
def test_a_folder_is_not_left(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="not the name of an object"):
        open_objects(str(tmp_path)).write(name, b"")


def test_a_missing_bucket_is_transient_and_an_unknown_scheme_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws(), pytest.raises(UserError, match="could not") as refused:
        open_objects("s3://nowhere").write("x", b"")
    assert refused.value.exit_code == 5
    with pytest.raises(UserError, match="not a place"):
        open_objects("ftp://x/y")
