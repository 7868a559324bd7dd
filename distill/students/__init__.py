"""Students: LightGBM models that stand in for the teacher, and their direct twins."""

from distill.students._fit import fit_students
from distill.students._student import Student, StudentPair

__all__ = ["Student", "StudentPair", "fit_students"]
