"""Versioned contracts between the stages. Import from the submodule: the function must not pay for the spec."""
