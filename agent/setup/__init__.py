"""Where the settings come from: the settings file over what `cuelight setup` wrote, and how that is kept."""
