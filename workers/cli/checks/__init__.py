"""What `fleet doctor` checks, by what it looks at."""
