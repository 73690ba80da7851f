"""What a replica can be watched by, in the text format of Prometheus."""
