"""Who may ask: users, their sessions, and tokens that make a device one of ours."""
