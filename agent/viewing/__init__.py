"""People who look at a camera."""
