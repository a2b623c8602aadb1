"""What is left of a live recording when its process is killed."""

import json
import signal
import subprocess
import sys
import textwrap
from fractions import Fraction
from pathlib import Path

ROOT = Path(__file__).parents[3]
FRAMES = 88

RECORD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from stream.recording import LiveRecording, RecordingOptions
    from tests.stream.recording.conftest import Recorded, seen_in, send

    source = send(int(sys.argv[2]), keyframe_interval=25)
    rooms = {}
    for how in ("copied", "encoded"):
        folder = Path(sys.argv[1]) / how
        recorder = LiveRecording(RecordingOptions(folder), free=lambda path: 10**12)
        room = rooms[how] = Recorded(recorder, folder, [])
        if how == "copied":
            recorder.change(source.given)
        recorder.start("killed")
        room.play(source)
    for room in rooms.values():
        room.settle()
    print("written", flush=True)
    sys.stdin.read()
    """
)


def test_a_killed_recording_plays_and_lacks_at_most_a_second(tmp_path, times_in):
    with subprocess.Popen(
        [sys.executable, "-c", RECORD, str(tmp_path), str(FRAMES)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout.readline() == "written\n"
        child.send_signal(signal.SIGKILL)
    for how in ("copied", "encoded"):
        folder = tmp_path / how
        files = sorted(folder.glob("*.partial.mp4"))
        assert [path.name.split(".")[-3] for path in files] == ["annotated", "clean"]
        for path in files:
            kept = times_in(path)
            assert kept == [Fraction(n, 25) for n in range(len(kept))]
            assert FRAMES - len(kept) <= 25, path
        (table,) = folder.glob("*.frames.partial.csv")
        assert len(table.read_text().splitlines()) == 1 + FRAMES
        (account,) = folder.glob("*.segments.json")
        assert json.loads(account.read_text())["ended"] is None
