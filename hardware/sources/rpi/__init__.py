"""Parts of the `rpicam` source: the program's command line, its list of cameras, what comes out of its pipe."""
