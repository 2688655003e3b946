"""What an action is, which effect comes next, and what an attempt's outcome means."""
