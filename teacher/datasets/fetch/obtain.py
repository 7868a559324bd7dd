"""From a download to the file that a spec pins: unpacked, verified, put in place in one rename."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zipfile
from pathlib import Path

from teacher.datasets.fetch.download import download
from teacher.datasets.fetch.homes import Home, home_of
from understudy.atomic import write_bytes
from understudy.errors import UserError
from understudy.progress import Progress

__all__ = ["fetch_dataset", "placement"]


def fetch_dataset(name: str, folder: Path, progress: Progress, *, home: Home | None = None) -> Path:
    """Put the file of a public data set into ``folder``; one that is there and right is left alone.

    The download is kept as ``<name>.part`` until the file is in place, so that an interrupted fetch goes on.

    Args:
        home: Another origin than the known one (a mirror inside a bank's network).

    Returns:
        The path of the file.

    Raises:
        UserError: another file stands in its place, the home cannot be reached, or what came is not what is pinned; the
            message says which file to put where.
    """
    origin = home or home_of(name)
    target = folder / origin.stored
    if target.exists():
        if _sha256(target) == origin.sha256:
            progress.say(f"{target}: already there, every byte as pinned.")
            return target
        what = f"another file stands here (sha256 {_sha256(target)})"
        raise UserError(what, where=str(target), fix=f"Move it away. {placement(origin, folder)}")
    if not origin.url:
        raise UserError("this file cannot be fetched", where=name, fix=placement(origin, folder))
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{origin.stored}.part"
    try:
        with progress.task(f"Fetch {origin.url}", origin.size) as advance:
            download(origin.url, part, advance)
    except UserError as error:
        fix = " ".join(filter(None, [error.fix, placement(origin, folder)]))
        raise UserError(error.what, where=error.where, fix=fix, exit_code=error.exit_code) from None
    _finish(origin, part, target)
    return target


def placement(home: Home, folder: Path) -> str:
    """Which file a person must put where."""
    note = f" {home.note}" if home.note else ""
    return (
        f"Put {home.stored} into {folder}: {home.size:,} bytes, sha256 {home.sha256}. It comes from {home.page}.{note}"
    )


def _finish(home: Home, part: Path, target: Path) -> None:
    try:
        if home.packing == "as it is":
            _require(_sha256(part), home.sha256, home, "the download")
            os.replace(part, target)
        else:
            write_bytes(target, _repacked(home, _member(home, part)))
    except UserError as error:
        _forget(part)  # what is wrong as a whole must not be taken up again
        raise UserError(error.what, where=home.url, fix=placement(home, target.parent)) from None
    _forget(part)


def _member(home: Home, part: Path) -> bytes:
    try:
        with zipfile.ZipFile(part) as archive:
            found = [name for name in archive.namelist() if name.rpartition("/")[2].lower() == home.member.lower()]
            if len(found) != 1:
                raise UserError(f"the download holds {len(found)} files called {home.member}, not one")
            return archive.read(found[0])
    except (zipfile.BadZipFile, EOFError) as error:
        raise UserError(f"the download is not a whole zip file: {error}") from None


def _repacked(home: Home, data: bytes) -> bytes:
    if home.packing == "member":
        _require(hashlib.sha256(data).hexdigest(), home.sha256, home, home.member)
        return data
    _require(hashlib.sha256(data).hexdigest(), home.member_sha256, home, home.member)
    packed = io.BytesIO()
    with gzip.GzipFile(home.packed_name, "wb", compresslevel=9, fileobj=packed, mtime=home.packed_time) as file:
        file.write(data)
    # The contents are right; a zlib of another make may pack them otherwise, and the spec pins the packed bytes.
    _require(hashlib.sha256(packed.getvalue()).hexdigest(), home.sha256, home, f"{home.stored} as packed here")
    return packed.getvalue()


def _require(found: str, pinned: str, home: Home, what: str) -> None:
    if found != pinned:
        raise UserError(f"{what} is not the file that is pinned: sha256 {found}, pinned {pinned}", where=home.url)


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    part.with_name(f"{part.name}.tag").unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
