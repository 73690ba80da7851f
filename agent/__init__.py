"""The hands: composition, dispatch of events to actions, local API, recovery, command line."""
