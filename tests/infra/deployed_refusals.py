"""A part of ``deploy_local``: a bundle that must not be served is refused by its name."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tiny_bundle

from understudy.local import FunctionError

__all__ = ["refused_bundles"]

STATEFUL = "understudy-dev-stateful"


def refused_bundles(walk: Any) -> None:
    """Who can write to the bucket can neither have another bundle served nor bring the rights down."""
    bucket, s3 = walk.output(STATEFUL, "BundleBucket"), walk.cloud.client("s3")
    good = (walk.folder / "champion.zip").read_bytes()
    other = tiny_bundle.write(walk.folder / "unsigned.zip", seed=3).read_bytes()
    try:
        s3.put_object(Bucket=bucket, Key="champion.zip", Body=other)
        _refused(walk, "signature.json")
        s3.delete_object(Bucket=bucket, Key="champion.zip")
        with pytest.raises(FunctionError, match=f"there is no bundle at s3://{bucket}/champion.zip"):
            walk.function("inference", "1").__enter__()
    finally:
        s3.put_object(Bucket=bucket, Key="champion.zip", Body=good)
    walk.done("no decision is made with an unsigned bundle, and rights still answer; without one, nothing starts")


def _refused(walk: Any, why: str) -> None:
    with walk.function("inference", "1") as started:
        refused = started.invoke(tiny_bundle.event("POST", "/v1/recommendations", {"customer_id": "c-1"}))
        assert refused["statusCode"] == 503, refused
        assert why in json.loads(refused["body"])["detail"], refused
        assert "opted_out" in walk.ask(started, "GET", "/v1/customers/c-1/preferences")
