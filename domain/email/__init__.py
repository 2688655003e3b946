"""An invoice's email: whom it goes to, what it says, how it looks. Pure text, no transport."""
