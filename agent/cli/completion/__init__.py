"""Shell completion: the script for a shell, and what a running agent has to offer."""
