"""What is tried, step by step, when a camera gives no frames though it is there."""
