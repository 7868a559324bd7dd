"""Download one file over HTTP: resumable, with patience for a home that is slow, and nothing that could pass for the
file before all of it is there."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from understudy.errors import UserError
from understudy.progress import Advance

__all__ = ["TRANSIENT", "download"]

_BLOCK = 1 << 18
TRANSIENT = 5  # exit code: a fault that may pass
_RETRY_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def download(
    url: str,
    part: Path,
    advance: Advance,
    *,
    tries: int = 4,
    timeout: float = 30.0,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Bring ``part`` to the whole of what ``url`` holds; what is there already is not asked for again.

    Beside ``part`` a file ``<part>.tag`` keeps the ETag (or date) of what the bytes belong to: a range is asked for
    with ``If-Range``, so that a file that changed at its home is read from its start. A server without ranges answers
    with the whole file, which then replaces the part. A connection cut short is taken up again, ``tries`` times in all.

    Raises:
        UserError: the home cannot be reached (exit code 5), or says that there is no such file (exit code 2).
    """
    fault = ""
    for attempt in range(tries):
        if attempt:
            pause(min(8.0, 0.5 * 2**attempt))
        try:
            _once(url, part, advance, timeout)
            return
        except urllib.error.HTTPError as error:
            fault = f"HTTP {error.code} {error.reason}"
            if error.code not in _RETRY_STATUS:
                raise UserError(
                    fault, where=url, fix="The file may have moved: see the page of the data set."
                ) from None
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            fault = str(getattr(error, "reason", error)) or type(error).__name__
    raise UserError(f"cannot be reached: {fault}", where=url, exit_code=TRANSIENT)


def _once(url: str, part: Path, advance: Advance, timeout: float) -> None:
    tag = part.with_name(f"{part.name}.tag")
    have = part.stat().st_size if part.exists() and tag.exists() else 0
    request = urllib.request.Request(url, headers={"User-Agent": "understudy", "Accept-Encoding": "identity"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", tag.read_text(encoding="utf-8"))
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            _receive(answer, part, tag, have, advance)
    except urllib.error.HTTPError as error:
        if error.code != 416 or not have:
            raise
        error.close()
        if error.headers.get("Content-Range") != f"bytes */{have}":  # then the part is not the whole file
            part.unlink()
            _once(url, part, advance, timeout)


def _receive(answer: http.client.HTTPResponse, part: Path, tag: Path, have: int, advance: Advance) -> None:
    resumes = answer.status == 206 and _range_start(answer.headers.get("Content-Range", "")) == have
    if answer.status == 206 and not resumes:
        raise http.client.HTTPException(f"asked for bytes from {have}, got {answer.headers.get('Content-Range')!r}")
    known = answer.headers.get("ETag", "")
    # A weak tag does not promise equal bytes, so a range may not be asked for by it.
    mark = known if known and not known.startswith("W/") else answer.headers.get("Last-Modified", "")
    part.parent.mkdir(parents=True, exist_ok=True)
    if mark:
        tag.write_text(mark, encoding="utf-8")
    else:
        tag.unlink(missing_ok=True)
    with part.open("ab" if resumes else "wb") as file:
        for block in iter(lambda: answer.read(_BLOCK), b""):
            file.write(block)
            advance(len(block))
    expected = answer.headers.get("Content-Length")
    got = part.stat().st_size - (have if resumes else 0)
    if expected is not None and got != int(expected):
        raise http.client.IncompleteRead(b"", int(expected) - got)


def _range_start(text: str) -> int | None:
    unit, _, span = text.partition(" ")
    start = span.partition("-")[0]
    return int(start) if unit == "bytes" and start.isdigit() else None
