"""What only a few requests need, and a start should not wait for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["Late"]


class Late:
    """``name`` of ``module``, imported when it is first called or asked for."""

    def __init__(self, module: str, name: str) -> None:
        self.__name__ = name
        self._module = module

    def load(self) -> Any:
        """The thing itself."""
        return getattr(import_module(self._module), self.__name__)

    def __call__(self, *args: Any) -> Any:
        return self.load()(*args)
