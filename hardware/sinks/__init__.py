"""Where packets end up."""
