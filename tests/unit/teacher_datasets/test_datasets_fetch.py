"""Fetching against a home on this machine that cuts, lies, moves and knows no ranges."""

from __future__ import annotations

import gzip
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from teacher.datasets.fetch import HOMES, Home, fetch_dataset
from teacher.datasets.fetch.download import download
from teacher.datasets.specs import load_spec, shipped_specs
from understudy.errors import UserError
from understudy.progress import Silent

DATA = bytes(range(256)) * 4000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Origin:
    """What the server holds and how it misbehaves; ``asked`` records the Range of every request."""

    data: bytes = DATA
    tag: str = '"one"'
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)  # bytes of the first, second, ... answer
    statuses: list[int] = field(default_factory=list)  # of the first, second, ... answer; then 200
    asked: list[str | None] = field(default_factory=list)
    url: str = ""


class _Handler(BaseHTTPRequestHandler):
    origin: Origin

    def log_message(self, *arguments: object) -> None:
        del arguments

    def do_GET(self) -> None:
        origin = self.origin
        wanted = self.headers.get("Range")
        origin.asked.append(wanted)
        status = origin.statuses.pop(0) if origin.statuses else 200
        if status != 200:
            self.send_error(status)
            return
        start = 0
        if wanted and origin.ranges and self.headers.get("If-Range") == origin.tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(origin.data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(origin.data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(origin.data) - 1}/{len(origin.data)}")
        else:
            self.send_response(200)
        body = origin.data[start:]
        self.send_header("ETag", origin.tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: origin.cut_after.pop(0)] if origin.cut_after else body)
        self.close_connection = True


@pytest.fixture
def origin() -> Iterator[Origin]:
    served = Origin()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"origin": served}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    served.url = f"http://127.0.0.1:{server.server_address[1]}/file"
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "__kwdefaults__", {"tries": 4, "timeout": 5.0, "pause": lambda _: None})


def home(origin: Origin, **changes: object) -> Home:
    made = Home("file.gz", sha256(DATA), len(DATA), "http://example.org/page", origin.url, "as it is")
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_file_is_fetched_once_and_then_left_alone(origin: Origin, tmp_path: Path) -> None:
    path = fetch_dataset("x", tmp_path / "new", Silent(), home=home(origin))
    assert path.read_bytes() == DATA
    assert [p.name for p in path.parent.iterdir()] == ["file.gz"]
    assert fetch_dataset("x", tmp_path / "new", Silent(), home=home(origin)) == path
    assert origin.asked == [None]


def test_a_cut_connection_is_taken_up_where_it_was_cut(origin: Origin, tmp_path: Path) -> None:
    origin.cut_after = [300_000, 200_000]
    assert fetch_dataset("x", tmp_path, Silent(), home=home(origin)).read_bytes() == DATA
    assert origin.asked == [None, "bytes=300000-", "bytes=500000-"]


def test_an_interrupted_fetch_goes_on_in_the_next_call(origin: Origin, tmp_path: Path) -> None:
    origin.cut_after = [100_000] * 4
    with pytest.raises(UserError, match="cannot be reached") as error:
        fetch_dataset("x", tmp_path, Silent(), home=home(origin))
    assert error.value.exit_code == 5
    assert (tmp_path / "file.gz.part").stat().st_size == 400_000
    assert fetch_dataset("x", tmp_path, Silent(), home=home(origin)).read_bytes() == DATA
    assert origin.asked[-1] == "bytes=400000-"


def test_a_server_without_ranges_is_read_from_the_start(origin: Origin, tmp_path: Path) -> None:
    origin.ranges, origin.cut_after = False, [300_000]
    assert fetch_dataset("x", tmp_path, Silent(), home=home(origin)).read_bytes() == DATA
    assert origin.asked == [None, "bytes=300000-"]


def test_a_file_that_changed_at_its_home_is_not_glued_together(origin: Origin, tmp_path: Path) -> None:
    origin.data, origin.cut_after = b"old" * 200_000, [90_000] * 4
    with pytest.raises(UserError, match="cannot be reached"):
        fetch_dataset("x", tmp_path, Silent(), home=home(origin))
    origin.data, origin.tag, origin.cut_after = DATA, '"two"', []
    assert fetch_dataset("x", tmp_path, Silent(), home=home(origin)).read_bytes() == DATA


def test_a_whole_part_is_not_asked_for_again(origin: Origin, tmp_path: Path) -> None:
    part = tmp_path / "whole.part"
    part.write_bytes(DATA)
    part.with_name("whole.part.tag").write_text(origin.tag)
    download(origin.url, part, lambda *_: None)
    assert part.read_bytes() == DATA
    assert origin.asked == [f"bytes={len(DATA)}-"]


def test_a_wrong_hash_is_refused_and_nothing_is_kept(origin: Origin, tmp_path: Path) -> None:
    origin.data = DATA[:-1] + b"!"
    with pytest.raises(UserError, match=r"the download is not the file that is pinned: sha256 [0-9a-f]{64}") as error:
        fetch_dataset("x", tmp_path, Silent(), home=home(origin))
    assert "Put file.gz into" in error.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_said_at_once(origin: Origin, tmp_path: Path) -> None:
    origin.statuses = [404]
    with pytest.raises(UserError, match=f"{origin.url}: HTTP 404") as error:
        fetch_dataset("x", tmp_path, Silent(), home=home(origin))
    assert error.value.exit_code == 2
    assert len(origin.asked) == 1


def test_a_busy_server_is_asked_again(origin: Origin, tmp_path: Path) -> None:
    origin.statuses = [503, 429]
    assert fetch_dataset("x", tmp_path, Silent(), home=home(origin)).read_bytes() == DATA


def test_no_network_says_which_file_to_put_where(tmp_path: Path) -> None:
    nowhere = replace(HOMES["census-income"], url="http://127.0.0.1:9/nothing")
    with pytest.raises(UserError, match="cannot be reached") as error:
        fetch_dataset("census-income", tmp_path, Silent(), home=nowhere)
    assert error.value.exit_code == 5
    said = (
        f"Put census-income.test.gz into {tmp_path}: 3,261,416 bytes, sha256 5ac4cacd3ca9f1ecb10de1a0a41e4ac68fdc419e"
    )
    assert said in error.value.fix


def test_another_file_in_its_place_is_never_overwritten(origin: Origin, tmp_path: Path) -> None:
    (tmp_path / "file.gz").write_text("mine")
    with pytest.raises(UserError, match="another file stands here"):
        fetch_dataset("x", tmp_path, Silent(), home=home(origin))
    assert (tmp_path / "file.gz").read_text() == "mine"


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def test_a_member_of_a_zip_is_kept_as_it_is(origin: Origin, tmp_path: Path) -> None:
    origin.data = zipped("folder/inner.zip", DATA)
    wanted = home(origin, packing="member", member="inner.zip", stored="inner.zip")
    assert fetch_dataset("x", tmp_path, Silent(), home=wanted).read_bytes() == DATA
    origin.data = zipped("other.zip", DATA)
    with pytest.raises(UserError, match=r"the download holds 0 files called inner\.zip"):
        fetch_dataset("x", tmp_path / "2", Silent(), home=wanted)
    origin.data = b"no zip"
    with pytest.raises(UserError, match="not a whole zip file"):
        fetch_dataset("x", tmp_path / "3", Silent(), home=wanted)


def test_a_member_is_packed_again_to_the_same_bytes(origin: Origin, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile("table.csv", "wb", compresslevel=9, fileobj=packed, mtime=7) as file:
        file.write(DATA)
    origin.data = zipped("TABLE.CSV", DATA)
    wanted = home(
        origin,
        packing="member, gzipped",
        member="table.csv",
        member_sha256=sha256(DATA),
        sha256=sha256(packed.getvalue()),
        packed_name="table.csv",
        packed_time=7,
    )
    path = fetch_dataset("x", tmp_path, Silent(), home=wanted)
    assert gzip.decompress(path.read_bytes()) == DATA
    with pytest.raises(UserError, match=r"table\.csv is not the file that is pinned"):
        fetch_dataset("x", tmp_path / "2", Silent(), home=replace(wanted, member_sha256="0" * 64))


def test_what_has_no_download_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be fetched") as error:
        fetch_dataset("credit-default", tmp_path, Silent())
    assert ".xls workbook" in error.value.fix
    with pytest.raises(UserError, match="finsynth is generated"):
        fetch_dataset("finsynth", tmp_path, Silent())
    with pytest.raises(UserError, match="no public data is known for 'x'"):
        fetch_dataset("x", tmp_path, Silent())


def test_homes_pin_what_the_shipped_specs_pin() -> None:
    for name in set(shipped_specs()) - {"finsynth"}:
        source = next(s for s in load_spec(name).spec.sources if s.path)
        assert (HOMES[name].stored, HOMES[name].sha256, HOMES[name].page) == (source.path, source.sha256, source.url)
