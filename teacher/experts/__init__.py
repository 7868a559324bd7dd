"""The heterogeneous experts of the first extraction layer."""

from teacher.experts.expert import Expert, ExpertOutput
from teacher.experts.registry import build_experts

__all__ = ["Expert", "ExpertOutput", "build_experts"]
