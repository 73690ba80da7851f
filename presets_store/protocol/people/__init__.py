"""Users, their sessions, and tokens that enrol devices, on the wire."""
