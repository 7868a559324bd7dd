"""The teacher: a deep multi-task model (heterogeneous experts, PLE, task towers) that is worth copying.

``fit_teacher``, ``Teacher`` and ``TeacherConfig`` are loaded on first use, so that reading a dataset does not pay for
importing torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from teacher.config import TeacherConfig
    from teacher.training.fit import fit_teacher
    from teacher.training.teacher import Teacher

__all__ = ["Teacher", "TeacherConfig", "fit_teacher"]

_HOMES = {
    "Teacher": "teacher.training.teacher",
    "TeacherConfig": "teacher.config",
    "fit_teacher": "teacher.training.fit",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'teacher' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
