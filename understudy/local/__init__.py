"""The local twin: the packaged function under the real Lambda runtime client, behind HTTP."""

from understudy.local.environment import FunctionError, FunctionTimeout
from understudy.local.function import LocalFunction

__all__ = ["FunctionError", "FunctionTimeout", "LocalFunction"]
