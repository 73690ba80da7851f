"""Clips made of clips: joined, cut, coded anew."""
