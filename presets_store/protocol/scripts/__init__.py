"""Scripts on the wire (docs/scripts.md)."""
