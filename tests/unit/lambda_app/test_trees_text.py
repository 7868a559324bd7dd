"""Whatever the text of a model holds, the process survives it: a wrong text costs one student."""

from __future__ import annotations

import platform
import random

import pytest
import tiny_bundle
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.trees import build_trees
from lambda_app.engine import Student, as_row
from lambda_app.native import EngineError, built_here

TEXT = tiny_bundle.models()["models/family.distilled.txt"]
END = TEXT.index(b"end of trees")
ROW = as_row([0.5] * 8)


def _load(text: bytes) -> Student:
    return Student(text, features=8, outputs=3)


def test_every_cut_before_the_end_of_the_trees_is_refused() -> None:
    for cut in range(0, END, END // 200):
        with pytest.raises(EngineError):
            _load(TEXT[:cut])
    assert len(_load(TEXT[: END + len(b"end of trees")]).raw(ROW)) == 3


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"tree\n", b"", "not a LightGBM text model"),
        (b"version=v4", b"version=v9", "not a LightGBM text model"),
        (b"Tree=0\n", b"Tree=00\n", None),
        (b"max_feature_idx=7", b"max_feature_idx=x", "header"),
        (b"max_feature_idx=7", b"max_feature_idx=99999999999", "header"),
        (b"num_class=3", b"num_class=2", "header"),
        (b"Tree=1\n", b"Tree=2\n", "leaves or categories"),
        (b"num_leaves=8", b"num_leaves=0", "leaves or categories"),
        (b"num_leaves=8", b"num_leaves=4000000000", "leaves or categories"),
        (b"num_leaves=8", b"num_leaves=7", "one tree"),
        (b"split_feature=", b"split_feature=8 ", "feature"),
        (b"split_feature=", b"split_feature=-1 ", "feature"),
        (b"threshold=", b"threshold=nan ", "an array"),
        (b"leaf_value=", b"leaf_value=inf ", "an array"),
        (b"leaf_value=", b"leaf_value=0 ", "an array"),
        (b"leaf_value=", b"leaf_value=x ", "an array"),
        (b"decision_type=", b"decision_type=99 ", "an array"),
        (b"left_child=", b"left_child=0 ", None),
        (b"left_child=", b"left_child=-99 ", "one tree"),
        (b"internal_count=", b"internal_count=0 ", "training rows"),
        (b"leaf_count=", b"leaf_count=-1 ", "training rows"),
        (b"leaf_count=", b"other_count=", "an array"),
        (b"end of trees", b"End of trees", "end of trees"),
    ],
)
def test_a_text_that_misleads_is_refused_and_says_why(old: bytes, new: bytes, reason: str | None) -> None:
    assert old in TEXT
    if reason is None:
        _survives(TEXT.replace(old, new, 1))
        return
    with pytest.raises(EngineError, match=reason):
        _load(TEXT.replace(old, new, 1))


def test_a_loop_and_a_shared_child_are_no_tree() -> None:
    start = TEXT.index(b"left_child=") + len(b"left_child=")
    line = TEXT[start : TEXT.index(b"\n", start)]
    children = line.split()
    for wrong in (b"0", children[1]):
        with pytest.raises(EngineError, match="one tree"):
            _load(TEXT.replace(line, b" ".join([wrong, *children[1:]]), 1))


def test_trees_that_do_not_divide_among_the_classes_are_refused() -> None:
    last = TEXT.rindex(b"\nTree=")
    with pytest.raises(EngineError, match="evenly"):
        _load(TEXT[: last + 1] + TEXT[END:])


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 6))
def test_no_edit_of_the_text_harms_the_process(seed: int, edits: int) -> None:
    rng = random.Random(seed)
    text = bytearray(TEXT)
    for _ in range(edits):
        at = rng.randrange(END)
        kind = rng.randrange(4)
        if kind == 0:
            text[at] = rng.choice(b"0123456789-. \n=\0eTx")
        elif kind == 1:
            del text[at : at + rng.randrange(1, 40)]
        elif kind == 2:
            text[at:at] = text[(start := rng.randrange(END)) : start + rng.randrange(1, 60)]
        else:
            text[at : at + 1] = str(rng.choice([-1, 2**31, 2**32, 2**63, 10**30])).encode()
    _survives(bytes(text))


def _survives(text: bytes) -> None:
    try:
        student = _load(text)
    except EngineError:
        return
    student.raw(ROW)
    student.contributions(ROW, 2)


def test_the_builder_and_the_engine_mean_the_same_file() -> None:
    assert build_trees(platform.machine()) == built_here(platform.machine())
