"""Benchmarks: figures as ratios against a named peer or the physical limit, measured in the same run."""
