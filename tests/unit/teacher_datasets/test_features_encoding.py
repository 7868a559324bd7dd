"""The matrix of a whole table equals the function's encoding of each record, value by value."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.features import encode_rows, fit_schema
from understudy.contracts.features import encode
from understudy.contracts.spec import DatasetSpec

SPEC = DatasetSpec.model_validate(
    {
        "schema_version": 1,
        "name": "toy",
        "title": "Toy",
        "sources": [{"name": "t", "path": "./t.csv"}],
        "base": "t",
        "key": "id",
        "groups": [{"name": "a", "numeric": ["n"]}, {"name": "b", "tier": "structural", "categorical": ["c"]}],
        "tasks": [{"name": "y", "type": "binary", "label": "y"}],
        "catalog": "catalog.toml",
    }
)
ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)),
        st.one_of(st.none(), st.text(max_size=3)),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(rows=ROWS)
def test_matrix_equals_records(rows: list[tuple[float | None, str | None, bool]]) -> None:
    numbers = np.array([np.nan if number is None else number for number, _, _ in rows])
    raw = {"n": numbers, "c": pa.array([text for _, text, _ in rows], type=pa.string())}
    train = np.flatnonzero([kept for _, _, kept in rows])
    fitted = fit_schema(SPEC, raw, train, np.arange(len(rows)))
    matrix = encode_rows(fitted.schema, raw)
    for position, (number, text, _) in enumerate(rows):
        vector, _ = encode(fitted.schema, {"n": number, "c": text})
        np.testing.assert_array_equal(matrix[position], vector)
    categories = fitted.schema.features[1].categories or []
    assert categories == sorted({rows[i][1] for i in train} - {None})
    assert fitted.rows == len(train)


def test_version_follows_the_vocabulary() -> None:
    def version(*cities: str) -> str:
        raw = {"n": np.zeros(len(cities)), "c": pa.array(cities)}
        return fit_schema(SPEC, raw, np.arange(len(cities)), np.arange(len(cities))).schema.version

    assert version("a", "b") == version("b", "a", "a")
    assert version("a", "b") != version("a", "c")
