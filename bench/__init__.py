"""Measurements, apart from the tests: ratios against named baselines of the same run."""
