"""`fleet demo`: the whole fleet at work, from nothing, against simulated platforms.

`script` says what is sent and what must come of it, `play` does it, `stage` shows it, `checks`
looks whether it came true.
"""
