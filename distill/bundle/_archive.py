"""A zip whose bytes depend on its content alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

__all__ = ["zip_bytes"]

# The oldest time that a zip can carry, so that no clock enters the archive.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644
_LEVEL = 6


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """Pack ``files`` in the order of their names, with a fixed time, mode and compression level."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = _MODE << 16
            archive.writestr(info, files[name], zipfile.ZIP_DEFLATED, _LEVEL)
    return buffer.getvalue()
