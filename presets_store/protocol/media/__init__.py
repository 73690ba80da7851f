"""What is asked of uploaded media; their records are in `presets_store.protocol.clips`."""
