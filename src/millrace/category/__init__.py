"""What a question is about: one of eight categories. Importing the package itself loads nothing."""
