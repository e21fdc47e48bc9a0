"""What type checkers know of the public names."""
