"""Camera sources: one file each, named in `hardware.registry.BACKENDS`; their interface is `hardware.camera.Source`."""
