"""One file a command: its options, and nothing heavy before it runs."""
