"""Training the teacher."""
