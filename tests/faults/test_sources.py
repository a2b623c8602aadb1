"""Ways to run what others wrote, which the sources do not take."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(
    path for part in ("stream", "nets", "train") for path in (ROOT / part).rglob("*.py")
)

UNPICKLER = ROOT / "nets" / "release"
"""The only place where a pickle is read, by an unpickler that runs nothing of it."""

RUNNING = {"eval", "exec", "os.system", "os.popen", "marshal.loads", "yaml.unsafe_load"}
UNPICKLING = {"pickle.load", "pickle.loads", "pickle.Unpickler", "torch.load", "joblib.load"}


def calls(path):
    """Every call in a file: its name, and the call."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def wrong_in(path):
    """Calls in a file that could run what someone else wrote."""
    for name, call in calls(path):
        shells = [word for word in call.keywords if word.arg == "shell"]
        if (
            name in RUNNING
            or (name in UNPICKLING and UNPICKLER not in path.parents)
            or any(ast.unparse(word.value) != "False" for word in shells)
            or (name == "yaml.load" and "_Loader" not in ast.unparse(call))
        ):
            yield f"{path}:{call.lineno}: {name}"


def test_nothing_runs_what_a_file_or_a_user_says():
    assert len(SOURCES) > 100
    assert [wrong for path in SOURCES for wrong in wrong_in(path)] == []


def test_each_way_would_be_seen(tmp_path):
    path = tmp_path / "a.py"
    path.write_text(
        "import os, pickle, subprocess, yaml\n"
        "os.system('ls')\npickle.loads(b'')\nyaml.load('a', yaml.Loader)\n"
        "subprocess.run('ls', shell=True)\nsubprocess.run(['ls'], shell=False)\n"
    )
    found = [wrong.rpartition(": ")[2] for wrong in wrong_in(path)]
    assert found == ["os.system", "pickle.loads", "yaml.load", "subprocess.run"]
