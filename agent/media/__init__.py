"""The media folder: where clips and photos go, and what keeps it in order."""
