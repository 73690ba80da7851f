"""The agent's own HTTP side: the store's API on its socket and on loopback, and the routes that only an agent has."""
