"""Where decisions meet effects. Read `execute.py` first."""
