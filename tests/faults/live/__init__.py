"""Live runs whose parts are killed, stopped and slowed down: the rest goes on."""
