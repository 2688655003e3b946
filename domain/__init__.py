"""The business, pure: no clock, no I/O, no randomness, no third party. Start at `actions/retry.py`."""
