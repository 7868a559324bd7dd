"""Distillation as a batch job: one config in, a gated and signed bundle out, and an exit code to act on."""

from distill.job._config import JobConfig, read_config
from distill.job._run import run_job

__all__ = ["JobConfig", "read_config", "run_job"]
