"""Progressive layered extraction over the named experts."""

from teacher.ple.network import Network, Output

__all__ = ["Network", "Output"]
