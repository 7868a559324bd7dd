"""The shipped specs on the public files pass the leakage gate and hold what they say; a planted leak stops them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from teacher.datasets import LoadedSpec, load_spec, open_dataset, prepare
from understudy.contracts.features import encode
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError
from understudy.progress import Silent

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif("UNDERSTUDY_DATA" not in os.environ, reason="UNDERSTUDY_DATA is not set"),
]

TASKS = {"census-income": 3, "bank-marketing": 3, "scf2019": 15, "credit-default": 2}
RATES = {
    "income_over_50k": 0.062,
    "never_married": 0.43,
    "subscribe": 0.113,
    "default_next_month": 0.221,
    "late_payment": 0.11,
    "has_retirement_account": 0.58,
}


def run(loaded: LoadedSpec, out: Path, customers: int) -> dict[str, Any]:
    data = Path(os.environ["UNDERSTUDY_DATA"])
    return prepare(loaded, out, data_dir=data, seed=7, customers=customers, progress=Silent())


@pytest.mark.parametrize("name", TASKS)
def test_prepares(name: str, tmp_path: Path) -> None:
    loaded = load_spec(name)
    summary = run(loaded, tmp_path / "out", 4000)
    dataset = open_dataset(tmp_path / "out")
    assert len(summary["tasks"]) == TASKS[name]
    for task in set(summary["tasks"]) & set(RATES):
        assert abs(float(np.nanmean(dataset.labels[task])) - RATES[task]) < 0.03
    for position, record in enumerate(dataset.records(np.arange(50))):
        vector, _ = encode(dataset.schema, record.features)
        np.testing.assert_array_equal(vector, dataset.features[position])
        assert record.profile.age is not None
        assert record.profile.risk_tolerance is not None
    report = json.loads((tmp_path / "out" / "leakage.json").read_text())
    assert report["passed"]
    for check in report["checks"]:
        assert check["status"] == "unknown" or check["closest"]["value"] < check["closest"]["bound"]


def test_households_and_duplicates_are_never_parted(tmp_path: Path) -> None:
    run(load_spec("scf2019"), tmp_path / "scf", 1000)
    dataset = open_dataset(tmp_path / "scf")
    households = np.array([name[:-1] for name in dataset.customer_ids])
    assert len(set(households)) == 1000
    assert all(len(set(dataset.split[households == name].tolist())) == 1 for name in set(households))
    run(load_spec("census-income"), tmp_path / "census", 4000)
    census = open_dataset(tmp_path / "census")
    seen: dict[bytes, int] = {}
    for row, part in zip(np.nan_to_num(census.features, nan=-1.0), census.split.tolist(), strict=True):
        assert seen.setdefault(row.tobytes(), part) == part


def test_the_card_history_is_the_file_s(tmp_path: Path) -> None:
    run(load_spec("credit-default"), tmp_path / "out", 2000)
    dataset = open_dataset(tmp_path / "out")
    sequence = dataset.sequences["card_months"]
    assert sequence.mask.all()
    newest_first = [dataset.schema.names.index(name) for name in ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")]
    np.testing.assert_array_equal(sequence.values[:, ::-1, 0], dataset.features[:, newest_first])


@pytest.mark.parametrize(
    ("name", "task", "column", "kind"),
    [
        ("scf2019", "holds_stocks", "STOCKS", "numeric"),
        ("scf2019", "housing", "HOMEEQ", "numeric"),
        ("census-income", "never_married", "marital stat", "categorical"),
        ("credit-default", "credit_line", "LIMIT_BAL", "numeric"),
        ("bank-marketing", "subscribe", "y", "categorical"),
    ],
)
def test_a_defining_column_among_the_features_is_refused(
    name: str, task: str, column: str, kind: str, tmp_path: Path
) -> None:
    """Give the defining column back as a feature under another name, as a careless export would."""
    loaded = load_spec(name)
    spec = loaded.spec.model_dump(mode="json")
    number = ", row_number() OVER () AS nr" if spec["key"] == "@row" else ""
    view = f'SELECT *, "{column}" AS planted{number} FROM "{spec["base"]}"'
    spec["sources"].append({"name": "careless", "kind": "sql", "sql": view})
    spec["base"] = "careless"
    if number:
        spec["key"] = "nr"
    spec["groups"].append({"name": "planted", kind: ["planted"]})
    careless = replace(loaded, spec=DatasetSpec.model_validate(spec))
    with pytest.raises(
        UserError, match=r"refused by the leakage gate: \[(single_feature|feature_set)\] .*planted"
    ) as e:
        run(careless, tmp_path / "out", 2000)
    assert e.value.exit_code == 4
    failures = json.loads((tmp_path / "out.leakage.json").read_text())["checks"]
    assert task in {found["task"] for check in failures for found in check["failures"]}
