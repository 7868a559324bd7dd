"""Champion and challenger: a synchronous gate between a finished bundle and the one that serves."""

from distill.promotion._promote import Request, promote, rollback
from distill.promotion._registry import Registry

__all__ = ["Registry", "Request", "promote", "rollback"]
