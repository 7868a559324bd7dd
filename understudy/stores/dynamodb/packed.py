"""Long texts, deflated: DynamoDB bills every kilobyte that is written, twice in a transaction, and every 4 KB read.

An entry of the audit trail shrinks by a quarter, since its sealed part is base64; a customer's record to a third. What
is authenticated is the text: a packed value that was tampered with inflates to another text, or to none.
"""

from __future__ import annotations

import zlib
from typing import Any

__all__ = ["packed", "unpacked"]

SMALL = 900  # bytes; with its key and version a shorter text is one write unit anyway
LARGEST = 16_000_000  # bytes after inflating; an item holds 400 kB


def packed(text: bytes) -> dict[str, Any]:
    """The attribute value that keeps ``text`` (UTF-8): a string, or a binary where that is shorter."""
    if len(text) > SMALL:
        deflated = zlib.compress(text, 1)
        if len(deflated) < len(text):
            return {"B": deflated}
    return {"S": text.decode()}


def unpacked(value: object) -> object:
    """The text of an attribute, as bytes: of a string (as all were kept once) or a binary; else ``value`` itself.

    A binary that `packed` did not make stays as it is: it is no text that anybody wrote, and verification says so.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if not isinstance(value, bytes):
        return value
    inflate = zlib.decompressobj()
    try:
        text = inflate.decompress(value, LARGEST)
    except zlib.error:
        return value
    return text if inflate.eof and not inflate.unused_data else value
