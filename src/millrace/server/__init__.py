"""The composition root, the HTTP surface and who may use it."""
