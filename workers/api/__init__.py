"""The HTTP API: every endpoint is a row of a table, and what it writes goes through `submit`."""
