"""Routes of users, sessions and enrolment."""
