"""Files written whole or not at all, and how results were made."""
