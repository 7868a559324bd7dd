"""Two-step features: a schema fitted on training rows alone, and the encoding that every row goes through."""

from teacher.features.encoding import encode_rows
from teacher.features.schema import FittedSchema, RawFeatures, fit_schema

__all__ = ["FittedSchema", "RawFeatures", "encode_rows", "fit_schema"]
