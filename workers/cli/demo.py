"""`fleet demo`: the whole fleet at work, from nothing, against simulated platforms."""

from workers.cli.enqueue import AsJson


def demo(as_json: AsJson = False) -> None:
    """Show the whole fleet at work, from nothing, against simulated platforms."""
    raise NotImplementedError
