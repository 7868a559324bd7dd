"""Datasets: a spec in TOML, the reader, the splits, and the prepared dataset that every later stage reads."""

from teacher.datasets.dataset import Dataset, Sequences
from teacher.datasets.prepare import prepare
from teacher.datasets.specs import LoadedSpec, load_spec, shipped_specs
from teacher.datasets.storage import open_dataset

__all__ = ["Dataset", "LoadedSpec", "Sequences", "load_spec", "open_dataset", "prepare", "shipped_specs"]
