"""Uploaded files and what they are of: images, sound, tags. Video clips are in `storage.clips`."""
