"""Keeps the version before, installs a signed package, watches whether it works, and goes back when it does not."""
