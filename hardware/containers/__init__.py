"""The kinds of media files: how each is written so that a kill costs a second, and how much of a torn one is whole."""
