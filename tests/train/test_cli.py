"""The command as a person meets it: help at once, one line for what goes wrong, exit statuses."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nets.errors import DivergentError
from train.cli import COMMANDS, run
from train.evaluation_files import read_evaluation

LIBRARIES = ("torch", "segmentation_models_pytorch", "albumentations", "openvino", "matplotlib")


def imported_by(*arguments: str) -> set[str]:
    """Which of the heavy libraries a command imports."""
    script = (
        "import sys; from train.cli import run; code = run(sys.argv[1:]);"
        f"print(sorted(set({LIBRARIES}) & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1].replace("'", '"')))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["fit", "--help"]])
def test_help_imports_no_network_library(arguments: list[str]) -> None:
    assert imported_by(*arguments) == set()


def test_manifest_imports_no_network_library(pictures: Path, tmp_path: Path) -> None:
    assert imported_by("manifest", str(pictures), "-o", str(tmp_path / "m.csv")) == set()


@pytest.fixture
def pictures(ellipses, tmp_path: Path) -> Path:
    """A small data set: two folders of three pictures."""
    for part in ("learn", "judge"):
        chosen = [sample for sample in ellipses if sample.image.parts[-3] == part][:6]
        for sample in chosen:
            for file in (sample.image, sample.mask):
                target = tmp_path / "sets" / part / file.parent.name / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
    return tmp_path / "sets"


@pytest.fixture
def manifest(pictures: Path, tmp_path: Path) -> Path:
    path = tmp_path / "m.csv"
    assert run(["manifest", str(pictures), "-o", str(path), "--validation", "judge"]) == 0
    return path


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """Two members, of which one is a triangle."""
    path = tmp_path / "plan.yaml"
    path.write_text(
        """
recipe: {epochs: 1, batch_size: 3, learning_rate: 0.005, augmentation: modern}
members:
  unet:
    network: &node
      architecture: unet
      encoder: tu-mobilenetv4_conv_small_050
      decoder: {encoder_depth: 3, decoder_channels: [8, 8, 8]}
    preprocessing: &input {height: 64, width: 64, extent: frame}
  triunet:
    network: {architecture: trinet, left: *node, right: *node, top: *node}
    preprocessing: *input
"""
    )
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_every_option(command: str, capsys) -> None:
    assert run([command, "--help"]) == 0
    text = capsys.readouterr().out
    for line in text.splitlines():
        option = line.strip("│* ").split("  ")[0]
        if option.startswith("--") and "│" in line:
            assert line.strip("│* ")[len(option) :].strip("│ "), f"{command} {option}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fitt"], "Did you mean"),
        (["fit"], "CONFIG"),
        (["fit", "plan.yaml", "--manifest", "m.csv", "-o", "runs", "--epochs", "many"], "--epochs"),
        (["tables", "--colour"], "--colour"),
        (["evaluate", "--manifest", "m.csv", "--view", "half"], "--view"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(arguments, said: str, capsys) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["manifest", "nowhere", "-o", "m.csv"], "nowhere: no such folder"),
        (["manifest", "-o", "m.csv"], "name the data sets' folders"),
        (["fit", "none.yaml", "--manifest", "m.csv", "-o", "runs"], "none.yaml: cannot be read"),
        (["bundle", "-o", "b"], "at least one member"),
        (["bundle", "none.safetensors", "-o", "b"], "no such checkpoint"),
        (["bundle", "a=x", "a=y", "-o", "b"], "two members are called a"),
        (["evaluate", "--manifest", "none.csv"], "none.csv"),
        (["evaluate", "--manifest", "none.csv", "--certainty", "1.5"], "--certainty 1.5"),
        (["tables"], "no evaluations"),
        (["tables", "none.json"], "none.json"),
        (["figures", "-o", "figures"], "nothing to draw"),
        (["spread"], "no evaluations"),
        (["failures", "none.json", "--manifest", "none.csv", "-o", "page.html"], "none.json"),
        (["fuse", "--manifest", "none.csv", "-o", "b"], "none.csv"),
        (["distill", "none.yaml", "--manifest", "none.csv", "-o", "b"], "none.yaml"),
        (["figures", ".", "-o", "figures"], "history.json"),
    ],
)
def test_what_a_user_can_mend_is_one_line_and_status_1(
    arguments, said: str, capsys, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == 1
    lines = capsys.readouterr().err.splitlines()
    assert said in " ".join(lines)
    assert lines[-1].startswith("divergent-train: ")


def test_debug_shows_where_it_came_from(tmp_path: Path) -> None:
    with pytest.raises(DivergentError):
        run(["tables", str(tmp_path / "none.json"), "--debug"])


def test_existing_output_is_refused_without_yes(pictures: Path, manifest: Path, capsys) -> None:
    before = manifest.read_bytes()
    arguments = ["manifest", str(pictures), "-o", str(manifest)]
    assert run(arguments) == 1
    assert "give -y" in capsys.readouterr().err
    assert manifest.read_bytes() == before
    assert run([*arguments, "-y"]) == 0
    assert manifest.read_bytes() != before


def test_problems_are_named_and_strict_writes_nothing(
    pictures: Path, tmp_path: Path, capsys
) -> None:
    (pictures / "learn" / "images" / "00.png").write_bytes(b"spoilt")
    path = tmp_path / "strict.csv"
    assert run(["manifest", str(pictures), "-o", str(path), "--strict"]) == 1
    assert not path.exists()
    assert run(["manifest", str(pictures), "-o", str(path)]) == 0
    captured = capsys.readouterr()
    assert captured.err.count("00.png: is no picture") == 2
    assert "1 problems" in captured.out


def test_from_pictures_to_tables_and_figures(
    plan: Path, manifest: Path, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("DIVERGENT_CACHE", str(tmp_path / "cache"))
    runs = tmp_path / "runs"
    fit = ["fit", str(plan), "--manifest", str(manifest), "-o", str(runs), "--device", "cpu"]
    assert run(fit) == 0
    captured = capsys.readouterr()
    assert "triunet: epoch 1/1: loss" in captured.err
    assert "mean of 2 on 64x64" in captured.out
    assert (runs / "bundle" / "bundle.yaml").is_file()
    assert json.loads((runs / "unet" / "settings.json").read_text())["recipe"]["epochs"] == 1

    stamp = (runs / "unet" / "best.safetensors").stat().st_mtime_ns
    assert run(fit) == 0  # nothing is left to train
    assert (runs / "unet" / "best.safetensors").stat().st_mtime_ns == stamp
    assert run([*fit, "--member", "unet", "--seed", "7"]) == 1
    assert "recipe.seed was 0, is 7" in capsys.readouterr().err

    judged = tmp_path / "judged.json"
    evaluate = [
        *("evaluate", "--manifest", str(manifest), "--split", "validation", "--view", "full"),
        *("--weights", str(runs / "bundle"), "--json", str(judged), "--members"),
        *("--device", "eager", "--leave-one-out", "--cost"),
    ]
    assert run(evaluate) == 0
    names = ("-unet", "-triunet", "-without-unet", "-without-triunet", "")
    files = [judged.with_name(f"judged{name}.json") for name in names]
    assert all(file.is_file() for file in files)
    assert run(evaluate) == 1  # it is there already
    capsys.readouterr()
    assert run(["tables", *map(str, files)]) == 0
    text = capsys.readouterr().out
    assert "Table 2: validation" in text
    assert "| TriUNet | ours |" in text
    costs = text.split("Side by side:")[1].split("Conditions")[0]
    rows = [line.split("|") for line in costs.splitlines() if line.startswith("|")]
    ours = ["U-Net", "TriUNet", "DivergentNets", "without-unet", "without-triunet"]
    assert [row[1].strip() for row in rows[2:]] == ours
    assert [row[-2].strip() == "–" for row in rows[2:]] == [False] * 3 + [True] * 2  # untimed
    both = read_evaluation(judged).cost
    parts = [read_evaluation(file).cost for file in files[:2]]
    assert both["parameters"] == sum(part["parameters"] for part in parts)
    assert both["gflop"] == pytest.approx(sum(part["gflop"] for part in parts))
    assert all(cost["ms"] > 0 for cost in (both, *parts))
    without_unet = read_evaluation(files[2]).cost
    assert without_unet == {key: parts[1][key] for key in without_unet}
    assert set(without_unet) == {"parameters", "gflop", "megabytes"}

    drawn = tmp_path / "figures"
    files = [file for file in files if "without" not in file.name]
    figures = ["figures", *map(str, files), str(runs / "unet"), "-o", str(drawn)]
    figures += ["--weights", str(runs / "bundle"), "--manifest", str(manifest)]
    assert run([*figures, "--device", "eager"]) == 0
    names = {path.stem for path in drawn.glob("*.png")}
    assert names >= {"training-curves", "figure-2", "figure-4", "reliability", "disagreement"}


def test_a_size_that_is_asked_for_is_learned_at_too(
    plan: Path, manifest: Path, tmp_path: Path
) -> None:
    smaller = tmp_path / "smaller.yaml"
    smaller.write_text("epochs: 1\nsize_in_training: 0.5\n")
    runs = tmp_path / "runs"
    fit = ["fit", str(plan), "--manifest", str(manifest), "-o", str(runs), "--device", "cpu"]
    assert run([*fit, "--member", "unet", "--recipe", str(smaller), "--size", "32"]) == 0
    settings = json.loads((runs / "unet" / "settings.json").read_text())
    assert settings["recipe"]["size_in_training"] == 1.0
    assert settings["member"]["preprocessing"]["width"] == 32


def test_a_bundle_is_made_by_hand_with_names_shares_and_half_precision(
    plan: Path, manifest: Path, tmp_path: Path, capsys
) -> None:
    runs = tmp_path / "runs"
    fit = ["fit", str(plan), "--manifest", str(manifest), "-o", str(runs), "--device", "cpu"]
    assert run([*fit, "--member", "unet"]) == 0
    assert not (runs / "bundle").exists()
    best = runs / "unet" / "best.safetensors"
    bundle = ["bundle", str(best), f"other={best}", "-o", str(tmp_path / "b")]
    assert run([*bundle, "--shares", "1", "3", "--threshold", "0.4", "--half"]) == 0
    from nets.bundle import read_bundle

    made = read_bundle(tmp_path / "b")
    assert [member.name for member in made.members] == ["unet", "other"]
    assert (made.fusion.weights, made.threshold) == ((1.0, 3.0), 0.4)
    assert made.members[0].path.stat().st_size < 0.6 * best.stat().st_size
    assert "weighted of 2" in capsys.readouterr().out
    tuned = [*fit[:-3], str(tmp_path / "tuned"), "--device", "cpu", "--member", "unet"]
    assert run([*tuned, "--init", str(tmp_path / "b")]) == 0  # the bundle's member of that name
    assert run([*tuned, "--init", str(best), "--member", "unet", "triunet"]) == 1
    assert "one checkpoint starts one member" in capsys.readouterr().err


@pytest.fixture
def in_the_background():
    """Ctrl-C is inherited as ignored by what a shell starts in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("in_the_background")
def test_a_training_that_is_interrupted_says_how_to_go_on(
    plan: Path, manifest: Path, tmp_path: Path, number: signal.Signals, capsys
) -> None:
    history = tmp_path / "runs" / "unet" / "history.json"
    over = threading.Event()

    def interrupt() -> None:
        while not (history.exists() or over.wait(0.02)):
            pass
        if not over.is_set():
            os.kill(os.getpid(), number)

    watching = threading.Thread(target=interrupt)
    watching.start()
    fit = ["fit", str(plan), "--manifest", str(manifest), "-o", str(tmp_path / "runs")]
    try:
        # Epochs enough to be interrupted, and few enough to end where no signal comes.
        status = run([*fit, "--device", "cpu", "--epochs", "60", "--member", "unet"])
    finally:
        over.set()
        watching.join()
    assert status == 130
    told = capsys.readouterr().err
    assert told.endswith("stopped; unet goes on from its last whole epoch by the same command\n")
    epochs = [row["epoch"] for row in json.loads(history.read_text())]
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(epochs) < 60


def test_a_reader_that_has_seen_enough_is_no_error(pictures: Path, tmp_path: Path) -> None:
    script = (
        "import os, sys; from train.cli import run; r, w = os.pipe(); os.close(r);"
        "os.dup2(w, 1); sys.exit(run(sys.argv[1:]))"
    )
    arguments = ["manifest", str(pictures), "-o", str(tmp_path / "m.csv")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "Broken" not in done.stderr
