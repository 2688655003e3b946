"""`fleet`: everything a person does with the fleet from a terminal."""
