"""A month of the whole system, replayed from a seed: customers, the function, what goes wrong, the agents."""
