"""What happens to packets between a source and its sinks."""
