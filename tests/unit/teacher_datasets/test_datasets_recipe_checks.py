"""A recipe that names what is not there is refused by the line of the spec that names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_bank import SPEC, write_own_bank

from teacher.datasets import load_spec, prepare
from understudy.errors import UserError
from understudy.progress import Silent

# what to replace, by what, the line that must be named (text of it), what must be said
READ = [
    ('kind = "activity"', 'kind = "aktivity"', "[[groups.compute]]", "'aktivity' is no kind of recipe"),
    ("months = [3]", "months = [0]", "months = [0]", "greater than or equal to 1"),
    ("months = [3]", "months = [3, 3]", "months = [3, 3]", "a window is named twice"),
    ("months = [3]", "months = [3]\nskip = 3", "[[groups.compute]]", "is empty"),
    ('measures = ["count", "mean", "recency"]', 'measures = ["cuont"]', 'measures = ["cuont"]', "'count'"),
    ('value = "won"\n', "", "[[groups.compute]]", "mean needs the column `value`"),
    ("steps = [6]", "steps = [6]\nfoo = 1", "foo = 1", "unknown key"),
    ('source = "months"', 'source = "weeks"', 'source = "weeks"', "there is no source 'weeks'"),
    ('tree = "shops"', 'tree = "malls"', 'tree = "malls"', "there is no tree 'malls'"),
    ('level = "branch"', 'level = "street"', "[[groups.compute]]", "has no level 'street'"),
    ('time = "month_end"\n', "", 'source = "months"', "has no `time`"),
    ('path = "./people.csv"', 'path = "./people.csv"\ntime = "age"', 'source = "people"', "is dated: which row"),
    ('columns = ["balance_mean_6"]', 'columns = ["balance_mean_9"]', "[[groups.compute]]", "'balance_mean_9' is not"),
    ('columns = ["balance_mean_6"]', 'columns = ["city"]', "[[groups.compute]]", "'city' is not numeric"),
    ('market = "food"', 'market = "bakery"\nfood = "market"', "[trees.shops]", "the tree has a cycle"),
    ('cinema = "fun"', 'cinema = "fun"\nfun = "all"', "[trees.shops]", "ancestors"),
    ('"buys_3m / nullif(balance_mean_6, 0)"', '"1 +"', "[[groups.compute]]", "bad SQL"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "said"), READ)
def test_a_contradictory_recipe_is_refused_by_its_line(
    tmp_path: Path, old: str, new: str, line: str, said: str
) -> None:
    assert SPEC.count(old) >= 1
    text = SPEC.replace(old, new, 1)
    path = write_own_bank(tmp_path, text)
    with pytest.raises(UserError) as caught:
        load_spec(str(path))
    message = str(caught.value)
    assert said in message
    number = int(message.split("line ")[1].split(",")[0])
    assert text.splitlines()[number - 1].strip() == line, message


def test_the_specs_are_read_as_they_stand(tmp_path: Path) -> None:
    names = [column for _, column, _ in load_spec(str(write_own_bank(tmp_path))).spec.features()]
    assert names == [
        "age", "city", "buys_3m", "buys_mean_3m", "days_since_buys", "balance_mean_6", "balance_sd_6", "food_share_6m",
        "fun_share_6m", "last_shop", "balance_mean_6_in_cohort", "buys_per_balance",
    ]  # fmt: skip


COLUMNS = [
    ('column = "shop"', 'column = "mall"', "source 'buys' has no column 'mall'"),
    ('value = "won"', 'value = "krw"', "source 'buys' has no column 'krw'"),
    ('time = "at"', 'time = "when"', "source 'buys' has no column 'when'"),
    ('path = "./people.csv"', 'path = "./people.csv"\nkey = "customer"', "source 'people' has no column 'customer'"),
    ('categorical = ["city"]', 'categorical = ["town"]', "source 'people' has no column 'town'"),
]


@pytest.mark.parametrize(("old", "new", "said"), COLUMNS)
def test_a_column_that_is_not_there_is_refused_by_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = write_own_bank(tmp_path, SPEC.replace(old, new, 1))
    if "town" in new:
        path.write_text(path.read_text().replace('by = ["city"]', 'by = ["town"]'))
    with pytest.raises(UserError) as caught:
        prepare(load_spec(str(path)), tmp_path / "out", data_dir=None, seed=7, customers=None, progress=Silent())
    assert said in str(caught.value)
    assert "spec.toml: line " in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_computed_column_may_not_hide_one_of_the_base(tmp_path: Path) -> None:
    text = SPEC.replace('measures = ["last"]', 'measures = ["last"]\nnames = { last = "closed" }')
    path = write_own_bank(tmp_path, text)
    with pytest.raises(UserError, match="closed is a column of the base and computed"):
        prepare(load_spec(str(path)), tmp_path / "out", data_dir=None, seed=7, customers=None, progress=Silent())


def test_dates_in_another_form_are_named(tmp_path: Path) -> None:
    path = write_own_bank(tmp_path)
    buys = tmp_path / "buys.csv"
    lines = buys.read_text().splitlines()
    lines[5] = lines[5].split(",")[0] + ",31/12/2023,5,bakery"
    buys.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match="31/12/2023"):
        prepare(load_spec(str(path)), tmp_path / "out", data_dir=None, seed=7, customers=None, progress=Silent())
