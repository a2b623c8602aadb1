"""Recordings that are ended at any moment: killed, interrupted, told to stop."""
