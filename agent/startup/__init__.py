"""What happens when a device starts: what was kept sealed, the mode, the start-up preset, what people are told."""
