"""Fetch the public data sets from their homes, byte for byte the files that the shipped specs pin."""

from teacher.datasets.fetch.homes import HOMES, Home, home_of
from teacher.datasets.fetch.obtain import fetch_dataset, placement

__all__ = ["HOMES", "Home", "fetch_dataset", "home_of", "placement"]
