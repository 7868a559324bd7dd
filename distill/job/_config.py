"""What a batch job is asked to do."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

from pydantic import Field

from distill.executor import ExecutorConfig
from distill.pipeline import RunConfig
from understudy.contracts._model import Contract, validated
from understudy.errors import UserError
from understudy.objects import open_objects

__all__ = ["JobConfig", "read_config"]


class JobConfig(Contract):
    """One job. ``run`` and the data determine every byte of the bundle; the rest says where and how."""

    run: RunConfig = Field(description="dataset (shipped name, or path or s3:// URL of a spec.toml), seed, folds, ...")
    out: str = Field(min_length=1, description="folder or s3://bucket/prefix that gets checkpoints and results")
    data: str | None = Field(default=None, description="folder or s3:// prefix of the dataset's source files")
    work: str | None = Field(default=None, description="local scratch folder where `out` is in S3")
    executor: ExecutorConfig = ExecutorConfig()
    signing_key: str | None = Field(default=None, description="file:///key.pem or kms://<key>; signs the bundle")

    @property
    def workspace(self) -> Path:
        """The local folder in which the stages run: ``out`` itself if it is local."""
        if not self.out.startswith("s3://"):
            return Path(self.out.removeprefix("file://"))
        name = hashlib.sha256(self.out.encode()).hexdigest()[:16]
        return Path(self.work) if self.work else Path(tempfile.gettempdir()) / f"understudy-job-{name}"


def read_config(place: str) -> JobConfig:
    """The config in the JSON file at ``place``, a path or ``s3://bucket/key``.

    Raises:
        UserError: there is none, or it does not fit; names the field.
    """
    folder, _, name = place.rpartition("/")
    found = open_objects(folder or ("/" if place.startswith("/") else ".")).read(name)
    if found is None:
        raise UserError("there is no such config", where=place, fix="Give a JSON file, or s3://bucket/key.")
    try:
        values = json.loads(found.data)
    except ValueError as error:
        raise UserError(f"not JSON: {error}", where=place, fix="Correct the file.") from None
    return validated(JobConfig, values, place)
