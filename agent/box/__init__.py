"""What actions on the box itself share, and what becomes of those that end this very agent."""
