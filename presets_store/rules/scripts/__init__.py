"""Pure decisions about scripts: when they work, what they match, what they say."""
