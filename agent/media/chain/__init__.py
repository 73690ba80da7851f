"""The chain of clips: which files this device recorded, in order, signed with its own key."""
