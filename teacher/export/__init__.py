"""The trained teacher as a file that other runtimes score. Importing this imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from teacher.export.onnx_file import export_onnx
    from teacher.export.onnx_scorer import OnnxScorer
    from teacher.export.shadow import export_shadow, shadow_rows

__all__ = ["OnnxScorer", "export_onnx", "export_shadow", "shadow_rows"]

_HOMES = {
    "OnnxScorer": "teacher.export.onnx_scorer",
    "export_onnx": "teacher.export.onnx_file",
    "export_shadow": "teacher.export.shadow",
    "shadow_rows": "teacher.export.shadow",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'teacher.export' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
