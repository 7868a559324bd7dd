"""Studies of the teacher: each runs what is missing of its (dataset, model, seed) jobs, then writes its table."""
