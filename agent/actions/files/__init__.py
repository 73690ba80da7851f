"""Actions on media files of this device."""
