"""The door to Brian2: sessions, neurons on its clock, standalone programs."""
