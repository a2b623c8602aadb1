"""Where frames and what was found in them go to."""
