"""A frame's journey: source, view, engine, overlay, recording."""
