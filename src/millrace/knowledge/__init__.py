"""Documents, their passages and how they are found."""
