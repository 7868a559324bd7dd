"""Distillation: soft labels, students, calibration, gates, rules, bundle and report."""

from distill.bundle import write_bundle
from distill.config import DistillConfig, Shape
from distill.gates import evaluate_gates, require_reachable
from distill.report import write_report
from distill.rules import fit_rules
from distill.soft_labels import SoftLabels, label_out_of_fold
from distill.students import Student, StudentPair, fit_students

__all__ = [
    "DistillConfig",
    "Shape",
    "SoftLabels",
    "Student",
    "StudentPair",
    "evaluate_gates",
    "fit_rules",
    "fit_students",
    "label_out_of_fold",
    "require_reachable",
    "write_bundle",
    "write_report",
]
