"""Conversions: what may be told of a person, how it is hashed, and for how long it may be told."""
