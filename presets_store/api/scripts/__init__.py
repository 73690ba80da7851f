"""Routes of scripts, in both generations."""
