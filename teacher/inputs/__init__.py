"""Encoding of a dataset's rows into the tensors that the network reads."""

from teacher.inputs.encoder import TeacherInputs
from teacher.inputs.layout import Feed, Layout, TaskLayout
from teacher.inputs.tensors import Inputs

__all__ = ["Feed", "Inputs", "Layout", "TaskLayout", "TeacherInputs"]
