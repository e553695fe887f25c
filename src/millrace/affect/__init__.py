"""Reading the person: emotion, the learner's state, difficulty. Importing the package itself loads nothing."""
