"""What a microphone hears: captured, timed, encoded."""
