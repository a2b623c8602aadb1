"""The same recording with the same settings gives the same masks and sidecars, run for run."""

import json
import shutil

import av
import numpy as np
import yaml

from nets.bundle import shipped

SCENE = "synthetic:?seed=2&seconds=0.6&fps=10&size=320x240"
EAGER_TO_SEE = "sightings: {on_confidence: 0.5, on_area: 0, on_for_s: 0.1}\n"
"""So that these few frames hold a sighting: the weights that ship see a polyp in that scene."""


def every_region(folder):
    """The ensemble that ships, told to mark what it is not sure of, too."""
    shutil.copytree(shipped(), folder)
    said = yaml.safe_load((folder / "bundle.yaml").read_text())
    del said["sha256"], said["certainty"]
    (folder / "bundle.yaml").write_text(yaml.safe_dump(said))
    return folder


def samples(recording):
    """Every sample of a recording, frame by frame."""
    with av.open(str(recording)) as container:
        return np.stack([frame.to_ndarray() for frame in container.decode(video=0)])


def test_the_ensemble_that_ships_answers_the_same_from_run_to_run(tmp_path, command):
    config = tmp_path / "sightings.yaml"
    config.write_text(EAGER_TO_SEE)
    weights = every_region(tmp_path / "weights")
    runs = [tmp_path / "first", tmp_path / "second"]
    for run in runs:
        run.mkdir()
        words = ("--config", config, "--masks", "--preset", "ultrafast", "--no-report")
        assert command("process", SCENE, "-w", weights, "-o", run / "a.mp4", *words).status == 0
    for name in ("a.frames.csv", "a.sightings.json", "a.settings.yaml"):
        first, second = ((run / name).read_bytes() for run in runs)
        assert first == second, name
    for name, frames in (("a.masks.mp4", 6), ("a.mp4", 6)):
        first, second = (samples(run / name) for run in runs)
        assert len(first) == frames
        np.testing.assert_array_equal(first, second)
    # Equal because something was found, not because nothing was.
    assert samples(runs[0] / "a.masks.mp4").max() > 127
    assert json.loads((runs[0] / "a.sightings.json").read_text())["sightings"]
