"""The command line. All but `run` speak HTTP with the agent over its Unix socket; `run` is the agent."""
