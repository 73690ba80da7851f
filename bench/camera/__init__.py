"""What cameras cost, against the programs that people use today. The cameras are those of tests/fakes/emulator."""
