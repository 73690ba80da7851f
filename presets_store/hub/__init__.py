"""The store as the hub of a fleet: a process of its own, one or any number of replicas on one database."""
