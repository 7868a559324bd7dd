"""Re-verifies what the logs claim: chains, decisions, reasons, fairness, lineage and duties."""
