"""One closed grammar for everything that a user writes as text."""
