"""Parts of the `network` source: addresses, connections, time stamps."""
