"""One construct per capability; the stacks only put them together."""
