"""Damaged recordings: seeded, so that each case can be had again by its number."""
