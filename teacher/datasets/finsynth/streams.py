"""Independent random streams: one per (seed, partition, purpose), so that no draw depends on another's length."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

__all__ = ["Streams"]


@dataclass(frozen=True)
class Streams:
    """The random streams of one partition.

    A stream is named by its purpose; its SeedSequence has the spawn key ``(partition, crc32(purpose))``. Two purposes
    never share draws: switching a signal off moves no other draw, and a partition's bytes do not depend on how many
    partitions are made or in which order.
    """

    seed: int
    partition: int

    def __call__(self, purpose: str) -> np.random.Generator:
        key = (self.partition, zlib.crc32(purpose.encode()))
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=key)))
