"""Where independent pieces of work run: in this process, in several, or on a Ray cluster."""

from distill.executor._opening import ExecutorConfig, open_executor
from distill.executor._protocol import Columns, Executor, Gang, Member, Positions
from distill.executor._serial import Serial

__all__ = ["Columns", "Executor", "ExecutorConfig", "Gang", "Member", "Positions", "Serial", "open_executor"]
