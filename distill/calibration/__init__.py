"""Calibration on validation rows, exported as plain numbers."""

from distill.calibration._apply import calibrate_binary, calibrate_multiclass
from distill.calibration._choose import choose_binary, choose_multiclass
from distill.calibration._isotonic import fit_isotonic
from distill.calibration._platt import fit_platt
from distill.calibration._temperature import fit_temperature

__all__ = [
    "calibrate_binary",
    "calibrate_multiclass",
    "choose_binary",
    "choose_multiclass",
    "fit_isotonic",
    "fit_platt",
    "fit_temperature",
]
