"""Bring the bundle to where it can be read."""

from understudy.fetch import local_bundle

__all__ = ["local_bundle"]
