"""What must not be known to others is in nothing that the program writes or says."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.faults.streams.bases import FAST, Base, write_base
from tests.faults.warm import Worker

PASSWORD, TOKEN, USER = "s3cret-pa55", "t0ken-9876", "anna-the-nurse"

RECORDING = Base("faststart", ".mp4", options=FAST, container={"movflags": "faststart"})


class Silent(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A folder on this machine, behind an address with a user, a password and a token."""
    folder = tmp_path_factory.mktemp("served")
    write_base(RECORDING, folder / "a.mp4")
    (folder / "text.mp4").write_text("no recording\n" * 50)
    handler = functools.partial(Silent, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield (
            lambda name: (
                f"http://{USER}:{PASSWORD}@127.0.0.1:{server.server_port}/{name}?token={TOKEN}"
            )
        )
        server.shutdown()


@pytest.fixture(scope="module")
def worker():
    with Worker() as started:
        yield started


COMMANDS = {
    "process": (["process", "{a.mp4}", "-o", "out.mp4", "--masks", "--frames", "9"], 0),
    "archive": (["process", "{a.mp4}", "{missing.mp4}", "-o", "out"], 1),
    "missing": (["process", "{missing.mp4}", "-o", "out.mp4"], 1),
    "no recording": (["process", "{text.mp4}", "-o", "out.mp4"], 1),
    "no server": (["process", "http://{user}@127.0.0.1:9/a.mp4?key={token}", "-o", "out.mp4"], 1),
    "wrong output": (["process", "{a.mp4}", "-o", "none/out.mp4"], 1),
    "probe": (["probe", "{a.mp4}"], None),
    "live": (["live", "{missing.mp4}", "--duration", "3", "--json"], None),
    "unreadable weights": (["process", "{a.mp4}", "-o", "out.mp4", "-w", "{a.mp4}"], 1),
}


@pytest.mark.parametrize("debug", [False, True], ids=["", "debug"])
@pytest.mark.parametrize("name", COMMANDS)
def test_credentials_are_in_no_output_no_name_and_no_traceback(
    tmp_path, served, worker, name, debug
):
    words, status = COMMANDS[name]
    asked = []
    for word in words:
        inner = word[1:-1] if word.startswith("{") else ""
        text = served(inner) if inner else word
        asked.append(text.replace("{user}", f"{USER}:{PASSWORD}").replace("{token}", TOKEN))
    weights = [] if "-w" in asked or name == "probe" else ["-w", "fixed:"]
    ended = worker.run(tmp_path, *asked, *weights, *["--debug"] * debug)
    assert ended.left == [] and not ended.timed_out
    if status is not None:
        assert ended.status == status, ended.said
    told = {"stdout": ended.printed.encode(), "stderr": ended.said.encode()}
    for path in tmp_path.rglob("*"):
        told[f"name of {path.name}"] = str(path.relative_to(tmp_path)).encode()
        if path.is_file():
            told[str(path.relative_to(tmp_path))] = path.read_bytes()
    for where, content in told.items():
        for secret in (PASSWORD, TOKEN, USER):
            assert secret.encode() not in content, f"{where} tells {secret}"
