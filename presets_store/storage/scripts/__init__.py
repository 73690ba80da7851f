"""Scripts, what they look at, what they decided, and what is to be told of it."""
