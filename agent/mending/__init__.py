"""What is tried, step by step, when a camera that filmed gives no more frames."""
