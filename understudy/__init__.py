"""Kernel of Understudy: contracts, stores, audit log, configuration and the command line."""

__version__ = "0.1.0"
