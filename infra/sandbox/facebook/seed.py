"""Two datasets of one business, opened by one token."""

from typing import Final

VERSION: Final = "v26.0"
TOKEN: Final = "EAASandboxOfTheConversionsApi000000001"  # noqa: S105 - it opens a simulation
BUSINESS: Final = "8800000000000001"
DATASET: Final = "1300000000000001"
DATASET_TWO: Final = "1300000000000002"
DATASETS: Final = {DATASET: "Tidewater Studio", DATASET_TWO: "Southbank Joinery"}
"""Name by id."""
