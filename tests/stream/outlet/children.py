"""What processes of outlets do in tests."""

import os
import time

from stream.outlet import OutletEnd


def tell_all(connection, rooms):
    """Wants frames of rooms, and says what arrives."""
    end = OutletEnd(connection)
    end.want(rooms)
    for arrival in end:
        match arrival:
            case "want", rooms:
                end.want(rooms)
            case "die":
                os._exit(3)
            case "hang":
                time.sleep(3600)
            case "slow":
                time.sleep(0.5)
            case int(room), frame:
                samples = tuple(int(plane.flat[0]) for plane in frame.picture.planes)
                end.say((room, frame.index, frame.picture.width, samples))
            case _:
                end.say(arrival)
    end.say("goodbye")
