"""What SQL a spec may hold, and which columns it reads."""

from __future__ import annotations

import pytest

from teacher.datasets.sql import check_expression, columns_read, quote, select_only
from understudy.errors import UserError


def test_columns_are_found_in_any_spelling_and_depth() -> None:
    sql = "CASE WHEN \"emp.var\" > 1 AND lower(t.City) IN ('job') THEN -Age END -- note"
    assert columns_read(sql, "f", ["emp.var", "city", "age", "job", "note"]) == {"emp.var", "city", "age"}


@pytest.mark.parametrize("sql", ["1 +", "a) FROM x; DROP TABLE x; --", "1; SELECT 2", "a) FROM read_csv('x') --"])
def test_more_than_an_expression_is_refused(sql: str) -> None:
    with pytest.raises(UserError, match="task 'x', label: bad SQL"):
        check_expression(sql, "task 'x', label")


@pytest.mark.parametrize("sql", ["DROP TABLE x", "COPY x TO 'y'", "SELECT 1; SELECT 2", "ATTACH 'x.db'", ""])
def test_a_view_is_one_select(sql: str) -> None:
    with pytest.raises(UserError, match="bad SQL"):
        select_only(sql, "source 'v', sql")


def test_a_select_keeps_its_text() -> None:
    assert select_only(" WITH a AS (SELECT 1) SELECT * FROM a; ", "f") == "WITH a AS (SELECT 1) SELECT * FROM a"
    assert quote('a"b') == '"a""b"'
