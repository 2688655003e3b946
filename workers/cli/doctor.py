"""`fleet doctor`: everything that can be misconfigured, checked, each with how to mend it."""

from workers.cli.enqueue import AsJson


def doctor(as_json: AsJson = False) -> None:
    """Check everything that can be misconfigured, and say how to mend it."""
    raise NotImplementedError
