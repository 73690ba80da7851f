"""How the device comes to a key pair at its upstream, keeps it, and changes it for another."""
