"""One command a file: what its options are, and what it prints."""
