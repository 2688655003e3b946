"""The workflow a sandbox starts with: its address ends in these 32 digits."""

from typing import Final

WORKFLOW: Final = "5eed0a7e9b4c4d21a3f08c6e7d5b1f42"
WORKFLOW_NAME: Final = "Service agreement"
OUTPUT_NAME: Final = "Agreement {{wf_ref}}"
