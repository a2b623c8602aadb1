"""What the program survives: `make faults` runs all of it, the tests a small share."""
