"""The students of one task on disk: two model texts and one JSON, in a folder that appears whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from distill.students._student import Student, StudentPair
from understudy.atomic import atomic_directory, write_json, write_text
from understudy.contracts.manifest import Calibrator

__all__ = ["read_pair", "write_pair"]

_CALIBRATOR: TypeAdapter[Calibrator] = TypeAdapter(Calibrator)


def write_pair(folder: Path, pair: StudentPair, inputs: str) -> None:
    """Write ``distilled.txt``, ``direct.txt`` and ``students.json``; ``inputs`` is the fingerprint they belong to."""
    with atomic_directory(folder) as scratch:
        for kind, student in (("distilled", pair.distilled), ("direct", pair.direct)):
            write_text(scratch / f"{kind}.txt", student.text)
        record: dict[str, Any] = {"inputs": inputs, "distilled": _dump(pair.distilled), "direct": _dump(pair.direct)}
        record["tried"] = list(pair.tried)
        write_json(scratch / "students.json", record)


def read_pair(folder: Path, inputs: str) -> StudentPair | None:
    """The pair, or None where there is none for these inputs."""
    try:
        record = json.loads((folder / "students.json").read_bytes())
    except FileNotFoundError:
        return None
    if record["inputs"] != inputs:
        return None
    return StudentPair(
        distilled=_load(folder, "distilled", record),
        direct=_load(folder, "direct", record),
        tried=tuple(record["tried"]),
    )


def _dump(student: Student) -> dict[str, Any]:
    return {
        "link": student.link,
        "base": list(student.base),
        "scale": student.scale,
        "shift": student.shift,
        "calibrator": student.calibrator.model_dump(mode="json"),
        "choices": student.choices,
    }


def _load(folder: Path, kind: str, record: dict[str, Any]) -> Student:
    fields = record[kind]
    return Student(
        text=(folder / f"{kind}.txt").read_text(encoding="utf-8"),
        link=fields["link"],
        base=tuple(fields["base"]),
        scale=fields["scale"],
        shift=fields["shift"],
        calibrator=_CALIBRATOR.validate_python(fields["calibrator"]),
        choices=fields["choices"],
    )
