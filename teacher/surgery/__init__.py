"""Gradient surgery: what to do where tasks pull the shared experts apart. One method per file."""

from collections.abc import Callable

from teacher.config import Surgery
from teacher.surgery.cagrad import CAGrad
from teacher.surgery.operation import Operation
from teacher.surgery.pcgrad import PCGrad
from teacher.surgery.upgrad import UPGrad

__all__ = ["CAGrad", "Operation", "PCGrad", "UPGrad", "build_surgery"]


def build_surgery(name: Surgery) -> Operation | None:
    """The method of that name, or None.

    Raises:
        UserError: TorchJD or a solver that the method needs is not installed.
    """
    methods: dict[Surgery, Callable[[], Operation]] = {"pcgrad": PCGrad, "cagrad": CAGrad, "upgrad": UPGrad}
    return methods[name]() if name != "none" else None
