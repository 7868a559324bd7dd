"""Facts that move together are found on the training rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from distill.bundle._correlated import _spearman, correlated_facts, with_correlations
from understudy.contracts._model import Text
from understudy.contracts.reasons import FactDef, Glossary

NAMES = ["spend", "purchases", "cash", "balance", "job"]


def dataset(**options: Any) -> Any:
    rng = np.random.default_rng(0)
    spend = rng.lognormal(size=400)
    columns = [spend, spend**2 + rng.normal(size=400) * 0.01, -spend, rng.normal(size=400), rng.integers(0, 3, 400)]
    facts = [FactDef(key=name, features=[name], phrase=Text(ko=name, en=name)) for name in NAMES]
    kinds = ["numeric"] * 4 + ["categorical"]
    schema = SimpleNamespace(
        names=NAMES, features=[SimpleNamespace(name=n, kind=k) for n, k in zip(NAMES, kinds, strict=True)]
    )
    glossary = Glossary(schema_version=1, facts=facts, **options)
    rows = np.arange(300)
    return SimpleNamespace(
        schema=schema, glossary=glossary, features=np.column_stack(columns).astype(float), rows=lambda split: rows
    )


def test_facts_that_rise_or_fall_together_form_a_set() -> None:
    assert correlated_facts(dataset()) == [["cash", "purchases", "spend"]]
    assert with_correlations(dataset()).correlated == [["cash", "purchases", "spend"]]


def test_what_is_never_told_is_in_no_set() -> None:
    sensitive = dataset()
    facts = [f.model_copy(update={"sensitive": f.key == "cash"}) for f in sensitive.glossary.facts]
    sensitive.glossary = Glossary(schema_version=1, facts=facts)
    assert correlated_facts(sensitive) == [["purchases", "spend"]]


def test_only_training_rows_count() -> None:
    mixed = dataset()
    mixed.features[300:, 1] = np.random.default_rng(1).normal(size=100)
    assert correlated_facts(mixed) == [["cash", "purchases", "spend"]]


def test_few_rows_and_constants_are_no_evidence() -> None:
    few = dataset()
    few.features[30:, 1] = np.nan
    few.features[:, 2] = 7.0
    assert correlated_facts(few) == []


def test_the_correlation_is_spearmans() -> None:
    rng = np.random.default_rng(3)
    values = np.round(rng.normal(size=(200, 4)) + rng.normal(size=(200, 1)), 1)
    assert _spearman(values) == pytest.approx(spearmanr(values).statistic)
    values[rng.random(values.shape) < 0.2] = np.nan
    pair = values[:, :2][~np.isnan(values[:, :2]).any(axis=1)]
    assert _spearman(values)[0, 1] == pytest.approx(spearmanr(pair).statistic)
