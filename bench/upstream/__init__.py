"""What a device costs and gains under a hub: how soon it acts, what it says while idle, how fast its files arrive."""
