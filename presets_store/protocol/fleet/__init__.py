"""What is said about many devices beside their records: patches, queries, members of groups."""
