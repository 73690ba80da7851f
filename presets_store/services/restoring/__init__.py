"""A fresh database in the place of a lost one."""
