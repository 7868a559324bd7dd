"""A text that is not whole never reaches the C library."""

from __future__ import annotations

import pytest
import tiny_bundle

from lambda_app.engine import Student
from lambda_app.model_text import ModelTextError, check_model_text
from lambda_app.native import EngineError

TEXT = tiny_bundle.models()["models/family.distilled.txt"]


def test_whole_models_pass() -> None:
    for text in tiny_bundle.models().values():
        check_model_text(text)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_truncated_text_is_refused(share: float) -> None:
    with pytest.raises(ModelTextError):
        check_model_text(TEXT[: int(len(TEXT) * share)])


def test_every_cut_before_the_end_of_the_trees_is_refused_by_the_student() -> None:
    end = TEXT.index(b"end of trees")
    for cut in range(1, end, end // 50):
        with pytest.raises(EngineError):
            Student(TEXT[:cut], features=8, outputs=3)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tree_sizes=", b"tree_sizes=9"),
        (b"tree_sizes=", b"tree_sizes=x "),
        (b"tree_sizes=", b"tree_sizes=-1 "),
        (b"tree_sizes=", b"other_key="),
        (b"Tree=1\n", b"Tree=2\n"),
        (b"end of trees", b"End of trees"),
        (b"Tree=0", b"Tree\0="),
    ],
)
def test_a_header_that_misleads_is_refused(old: bytes, new: bytes) -> None:
    assert old in TEXT
    with pytest.raises(ModelTextError):
        check_model_text(TEXT.replace(old, new, 1))
