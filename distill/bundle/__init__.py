"""The bundle: everything the function needs, hashed, in a directory and one zip."""

from distill.bundle._models import portable_text
from distill.bundle._write import write_bundle

__all__ = ["portable_text", "write_bundle"]
