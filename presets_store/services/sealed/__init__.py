"""What of the rows of this store is sealed."""
