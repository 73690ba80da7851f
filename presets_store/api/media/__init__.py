"""Routes of files, clips, images, sounds, tags and media tokens."""
