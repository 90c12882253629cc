"""Readers of gold standards, one module each; our own JSON lines are read by the core."""
