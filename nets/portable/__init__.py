"""An ensemble for other programs: one graph, from a frame in RGB to its mask."""
