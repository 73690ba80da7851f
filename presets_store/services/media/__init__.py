"""Uploaded files and the clips, images and sounds that they are of."""
