"""A window's process: it opens the window, and shows what it is sent until somebody closes it."""

from multiprocessing.connection import Connection

from stream.child import telling_faults
from stream.errors import DisplayError
from stream.live.window.face import Face
from stream.live.window.gui import Opener
from stream.live.window.messages import Opened, Order, Place, Refused, Word
from stream.live.window.monitors import list_monitors

TURN_S = 0.01
"""A key waits so long at most; a picture does not wait."""


def serve(connection: "Connection[Word, Order]", place: Place, opener: Opener) -> None:
    """The process's whole life."""
    try:
        gui = opener(place.title)
    except DisplayError as problem:
        connection.send(Refused(str(problem)))
        return
    with telling_faults(connection.send):
        face = Face(gui, place, connection.send, monitors=list_monitors)
        connection.send(Opened())
        is_open = True
        while is_open:
            connection.poll(TURN_S)
            orders: list[Order] = []
            while connection.poll():
                orders.append(connection.recv())
            face.take(orders)
            is_open = face.turn()
