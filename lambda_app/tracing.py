"""The trace that a request belongs to: W3C ``traceparent``, else X-Ray's header, else a new one."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Trace", "read_trace"]

# https://www.w3.org/TR/trace-context/: version ff is forbidden, ids of zeros only are invalid, and later versions may
# append fields.
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?")
# 1-<8 hex: time>-<24 hex>; written without dashes it is a W3C trace id.
XRAY_ROOT = re.compile(r"(?:^|;)Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)")


@dataclass(frozen=True)
class Trace:
    """``trace_id`` is 32 hex digits; ``span_id`` names this function's part of the trace, 16 hex digits."""

    trace_id: str
    span_id: str
    sampled: bool

    @property
    def traceparent(self) -> str:
        """What the answer says, and what a further call would send."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def read_trace(headers: Mapping[str, str], runtime: str | None = None) -> Trace:
    """The trace of a request with these (lower-case) headers.

    Anything malformed is ignored, and never repeated. ``runtime`` is the X-Ray header that the Lambda runtime was
    given for this invocation (default: from the environment); it counts when the request itself names no trace.
    """
    span = secrets.token_hex(8)
    parent = TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    if parent:
        return Trace(parent[1], span, bool(int(parent[2], 16) & 1))
    given = os.environ.get("_X_AMZN_TRACE_ID", "") if runtime is None else runtime
    for header in (headers.get("x-amzn-trace-id", ""), given):
        root = XRAY_ROOT.search(header)
        if root and set(root[1] + root[2]) != {"0"}:
            return Trace(root[1] + root[2], span, "Sampled=1" in header)
    return Trace(secrets.token_hex(16), span, False)
