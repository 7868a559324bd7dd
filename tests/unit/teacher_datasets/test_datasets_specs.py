"""Specs are found by name or path; what does not fit is named by file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from teacher.datasets import load_spec, shipped_specs
from teacher.datasets.toml_lines import line_of
from understudy.errors import UserError

SPEC = """\
schema_version = 1
name = "mine"
title = "Mine"
base = "people"
key = "id"
catalog = "catalog.toml"
glossary = "glossary.toml"

[[sources]]
name = "people"
path = "./people.csv"

[[groups]]
name = "person"
numeric = ["age"]
categorical = ["region"]

[[tasks]]
name = "churn"
type = "binary"
label = "churned"

[[tasks]]
name = "next"
type = "multiclass"
label = "next"
classes = ["card", "loan", "none"]

[[tasks]]
name = "spend"
type = "regression"
label = "spend"

[profile]
owned = { card = "age > 30" }

[rules]
columns = ["age"]
"""
CATALOG = """\
schema_version = 1
[families]
cards = { ko = "카드", en = "Cards" }

[[products]]
id = "card"
name = { ko = "카드", en = "Card" }
family = "cards"
type = "card"
risk_level = 1
seller = { ko = "은행", en = "Bank" }
[[products.drivers]]
task = "next"
class_name = "card"
weight = 1.0

[policy]
churn_task = "churn"
"""
GLOSSARY = """\
schema_version = 1
protected = ["age"]
[[facts]]
key = "region"
features = ["region"]
value_feature = "region"
slot = "category"
phrase = { ko = "{value} 거주", en = "living in the {value}" }
categories = { north = { ko = "북부", en = "north" } }
"""


def write(folder: Path, *changes: tuple[str, str]) -> Path:
    texts = {"spec.toml": SPEC, "catalog.toml": CATALOG, "glossary.toml": GLOSSARY}
    for old, new in changes:
        touched = [name for name in texts if old in texts[name]]
        assert touched, old
        for name in touched:
            texts[name] = texts[name].replace(old, new)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / "spec.toml"


def test_loads_by_file_and_by_folder(tmp_path: Path) -> None:
    path = write(tmp_path)
    loaded = load_spec(str(path))
    assert loaded.spec.name == load_spec(str(tmp_path)).spec.name == "mine"
    assert loaded.folder == tmp_path
    assert loaded.glossary.facts[0].key == "region"


def test_a_spec_without_a_glossary_tells_nothing(tmp_path: Path) -> None:
    assert load_spec(str(write(tmp_path, ('glossary = "glossary.toml"\n', "")))).glossary.facts == []


@pytest.mark.parametrize("name", shipped_specs())
def test_shipped_specs_load(name: str) -> None:
    loaded = load_spec(name)
    assert loaded.spec.name == name
    cautious = [product for product in loaded.catalog.products if product.risk_level == 1]
    assert len(cautious) >= 3
    assert loaded.glossary.facts
    assert loaded.spec.protected


def test_unknown_names_list_what_is_shipped(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no dataset is called 'censsus'\n.*census-income"):
        load_spec("censsus")
    with pytest.raises(UserError, match=r"gone\.toml: file not found"):
        load_spec(str(tmp_path / "gone.toml"))


BAD = {
    "unknown key": (('key = "id"', 'key = "id"\nkeys = "x"'), r"spec\.toml: line 6, keys: unknown key"),
    "missing key": (('title = "Mine"\n', ""), r"spec\.toml: title: is required"),
    "unknown expert": (
        ('numeric = ["age"]', 'numeric = ["age"]\nexperts = ["oracle"]'),
        r"spec\.toml: line 16, groups\.0\.experts\.0: Input should be 'deepfm'",
    ),
    "second task": (
        ('classes = ["card", "loan", "none"]', 'classes = ["card"]'),
        r"spec\.toml: line 23, tasks\.1: task 'next' is multiclass and needs at least 3 classes",
    ),
    "monotone classes": (
        ('classes = ["card", "loan", "none"]', 'classes = ["card", "loan", "none"]\nmonotone = { age = 1 }'),
        r"task 'next' is multiclass: monotone needs a task with one output",
    ),
    "monotone feature": (
        ('type = "regression"', 'type = "regression"\nmonotone = { height = 1 }'),
        r"is monotone in height, no numeric feature",
    ),
    "wrong type": (('type = "regression"', 'type = "ranking"'), r"spec\.toml: line 31, tasks\.2\.type"),
    "not TOML": (("[rules]", "[rules"), r"spec\.toml: not valid TOML: .*line 37"),
    "no catalog": (('catalog = "catalog.toml"', 'catalog = "gone.toml"'), r"gone\.toml: file not found"),
    "rules": (('columns = ["age"]', 'columns = ["height"]'), r"spec\.toml, line 38, rules\.columns: height is not"),
    "driver task": (('task = "next"', 'task = "later"'), r"product 'card', drivers: the spec has no task 'later'"),
    "driver class": (('class_name = "card"', 'class_name = "boat"'), r"task 'next' has no class 'boat'"),
    "driver without class": (('class_name = "card"\n', ""), r"task 'next' has no class None"),
    "driver of a binary task": (
        ('task = "next"', 'task = "churn"'),
        r"task 'churn' is binary and has no classes\n.*Remove class_name",
    ),
    "driver of a regression": (
        ('task = "next"\nclass_name = "card"', 'task = "spend"'),
        r"task 'spend' is a regression: its score is not a probability",
    ),
    "churn task": (('churn_task = "churn"', 'churn_task = "next"'), r"policy\.churn_task: 'next' is not a binary task"),
    "owned": (("owned = { card", "owned = { boat"), r"profile\.owned of the spec names boat, which the catalog lacks"),
    "fact": (('features = ["region"]', 'features = ["region", "x"]'), r"fact 'region', features: x is not a feature"),
    "protected": (('protected = ["age"]', 'protected = ["x"]'), r"glossary\.toml, line \d+, protected: x is not"),
    "slot": (('slot = "category"', 'slot = "count"'), r"slot 'count' does not fit the categorical feature 'region'"),
    "supports": (('slot = "category"', 'slot = "category"\nsupports_ge = 1'), r"'region' is categorical"),
    "supports of a number": (
        ('protected = ["age"]\n', "facts_x = 0\n"),
        r"glossary\.toml: line 2, facts_x: unknown key",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_contradictions_are_named(tmp_path: Path, case: str) -> None:
    change, said = BAD[case]
    path = write(tmp_path, change)
    with pytest.raises(UserError, match=said) as error:
        load_spec(str(path))
    assert error.value.exit_code == 2


def test_supports_any_of_needs_categories(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        ('protected = ["age"]', ""),
        (
            "[[facts]]",
            '[[facts]]\nkey = "old"\nfeatures = ["age"]\nphrase = { ko = "a", en = "a" }\nsupports_any_of = ["1"]\n'
            "[[facts]]",
        ),
    )
    with pytest.raises(UserError, match="supports_any_of needs categories, 'age' is numeric"):
        load_spec(str(path))


def test_lines_are_found_in_tables_of_tables() -> None:
    text = 'a = 1\n[split]\nkey = "x"\n[split.time]\n"column" = 2\n[[tasks]]\nname = 1\n[[tasks]]\nname = 2\n'
    assert line_of(text, ("a",)) == 1
    assert line_of(text, ("split", "key")) == 3
    assert line_of(text, ("split", "time", "column")) == 5
    assert line_of(text, ("tasks", 1, "name")) == 9
    assert line_of(text, ("tasks", 1, "gone")) == 8
    assert line_of(text, ("gone",)) is None
