"""What is removed from the media folder to make room, why, and what happens when nothing more can be."""
