"""Persistence: statistics of the diagram of one standardised series, by gudhi."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from teacher.features.context import KEY, Context, Query
from teacher.features.groups.rhythm import standardised
from teacher.features.text import quote
from understudy.contracts.series_recipes import Persistence

__all__ = ["bars_of", "persistence"]

_LONG = 1.0


def persistence(recipe: Persistence, context: Context) -> list[Query]:
    """Fetch the series, compute each diagram, hand the statistics back as a table of the connection."""
    n = recipe.length
    table, x = context.series(recipe.source, recipe.step, recipe.column, n, recipe.missing)
    values = f"list_transform({x}, lambda v: ln(1 + v))" if recipe.log else x
    found = context.con.sql(f"SELECT {KEY}, z FROM ({standardised(table, values, n)}) WHERE s > 0").to_arrow_table()
    series = found["z"].combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(-1, n)
    statistics = _statistics(series)
    columns: dict[str, pa.Array] = {"@key": found["@key"]}
    for measure in recipe.measures:
        columns[recipe.name(measure, column=recipe.column)] = pa.array(statistics[measure], from_pandas=True)
    name = f"@persistence {recipe.source} {recipe.column} {n}"
    context.con.register(name, pa.table(columns))
    return [Query(f"SELECT * FROM {quote(name)}", {column: "NULL" for column in columns if column != "@key"})]


def bars_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The finite bars ``[bars, 2]`` (birth, death) of the sublevel sets of a series, dimension 0."""
    from gudhi import CubicalComplex

    complex_ = CubicalComplex(top_dimensional_cells=values)
    complex_.compute_persistence()
    bars = np.asarray(complex_.persistence_intervals_in_dimension(0), dtype=np.float64).reshape(-1, 2)
    return bars[np.isfinite(bars[:, 1])]


def _statistics(series: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    names = ("bars", "total", "max", "mean", "sd", "second", "long", "birth", "death", "entropy")
    made = np.zeros((len(series), len(names)))
    for row, values in enumerate(series):
        made[row] = _summary(bars_of(values))
    return {name: made[:, index] for index, name in enumerate(names)}


def _summary(bars: NDArray[np.float64]) -> tuple[float, ...]:
    if not len(bars):
        return (0.0,) * 7 + (np.nan, np.nan, 0.0)
    length = np.sort(bars[:, 1] - bars[:, 0])[::-1]
    total = length.sum()
    share = length / total
    second = length[1] if len(length) > 1 else 0.0
    birth, death = np.sort(bars[:, 0]).mean(), np.sort(bars[:, 1]).mean()
    entropy = -(share * np.log(share)).sum()
    return (
        len(bars), total, length[0], length.mean(), length.std(), second, (length > _LONG).sum(), birth, death, entropy,
    )  # fmt: skip
