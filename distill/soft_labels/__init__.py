"""Soft labels: what the teacher says about rows that it was not trained on."""

from distill.soft_labels._augment import augmented, first_rows
from distill.soft_labels._folds import assign_folds
from distill.soft_labels._label import label_out_of_fold
from distill.soft_labels._soft import SoftLabels

__all__ = ["SoftLabels", "assign_folds", "augmented", "first_rows", "label_out_of_fold"]
