"""The business, pure: no clock, no I/O, no randomness. Start at `actions/retry.py`."""
