"""Vendors' own descriptions of their APIs.

They are looked for in `$FLEET_SPECS`, else in `../shared/specs` beside the checkout.
"""

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[2].parent / "shared" / "specs"


def vendor_file(name: str) -> Path | None:
    """The file, None where it is not to be had."""
    folders = (os.environ.get("FLEET_SPECS"), str(BESIDE))
    files = [Path(folder) / name for folder in folders if folder]
    return next((file for file in files if file.is_file()), None)


def vendor_text(name: str) -> str:
    """What the file says; where it is not to be had the test is skipped and says so."""
    file = vendor_file(name)
    if file is None:
        pytest.skip(f"{name} is neither in $FLEET_SPECS nor in ../shared/specs: nothing is checked")
    return file.read_text()
