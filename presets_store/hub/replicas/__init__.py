"""Several replicas on one PostgreSQL: each tells the others of its writes, by NOTIFY."""
