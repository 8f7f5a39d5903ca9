"""Telling people: what a message says, whether it may be sent now, and how it reaches its target."""
