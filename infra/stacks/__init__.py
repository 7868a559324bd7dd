"""What is kept (stateful), and what can be thrown away and deployed again (all others)."""
