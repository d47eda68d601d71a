"""The systems, each with its equations, its parameters and its theory."""
