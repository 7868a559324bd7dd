"""Features: declared in the spec as recipes, computed in SQL from event tables; a schema fitted on training rows alone.

The entry point over event tables of any size, partition by partition and out of core::

    build_features(
        spec,                 # DatasetSpec
        sources,              # source name -> Parquet file, or folder of parts
        out,                  # a folder: one Parquet part per cutoff and partition; kept parts are not computed again
        cutoffs=None,         # list[datetime.date]; default: those of the base table
        progress=progress,
        workers=1,            # processes
        memory_mb=2000,       # DuckDB's limit per process; it spills to disk beyond
    ) -> FeatureTable         # .files: list[Path], .rows: int
"""

from teacher.features.build import FeatureTable, Population, build_features
from teacher.features.demand import demand_of
from teacher.features.encoding import encode_rows
from teacher.features.fitted import apply_fits, fit_recipes
from teacher.features.schema import FittedSchema, RawFeatures, fit_schema

__all__ = [
    "FeatureTable",
    "FittedSchema",
    "Population",
    "RawFeatures",
    "apply_fits",
    "build_features",
    "demand_of",
    "encode_rows",
    "fit_recipes",
    "fit_schema",
]
