"""Users, their keys and sessions, and the enrolment of devices."""
