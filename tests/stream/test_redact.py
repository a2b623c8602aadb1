"""Redaction: what lies outside the view reaches no output."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from nets.engine import FixedEngine
from nets.picture import LAYOUTS, Colour, Matrix, Picture, Rect
from stream.errors import SettingsError
from stream.frame import Frame, decoded_of, picture_of
from stream.job import Outputs, process_recording
from stream.redact import redacted
from stream.settings import ProcessSettings, merged
from stream.source.naming import open_recording
from stream.tally import Tally
from stream.view import ViewFinder

VIEW = Rect(60, 20, 200, 160)


def noise(layout: str, *, full_range: bool = False, size: tuple[int, int] = (200, 320)) -> Frame:
    chosen = LAYOUTS[layout]
    rng = np.random.default_rng(7)
    planes = tuple(
        rng.integers(0, 1 << chosen.bits, shape).astype(chosen.dtype) << chosen.shift
        for shape in chosen.plane_shapes(*size)
    )
    return Frame(
        0, 5, Fraction(1, 25), Picture(planes, chosen, Colour(Matrix.BT709, full_range)), 0
    )


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_inside_the_view_is_the_source_and_outside_is_black(layout: str, full_range: bool) -> None:
    frame = noise(layout, full_range=full_range)
    shown = redacted(frame, VIEW)
    chosen = frame.picture.layout
    unit = 1 << (chosen.bits - 8 + chosen.shift)
    for number, (ours, theirs) in enumerate(
        zip(shown.picture.planes, frame.picture.planes, strict=True)
    ):
        inside = np.zeros(ours.shape, np.bool_)
        sx, sy = (chosen.chroma_shift_x, chosen.chroma_shift_y) if number else (0, 0)
        rows, columns = VIEW.slices()
        inside[rows.start >> sy : rows.stop >> sy, columns.start >> sx : columns.stop >> sx] = True
        np.testing.assert_array_equal(ours[inside], theirs[inside])
        blank = 128 if number else 0 if full_range else 16
        assert np.unique(ours[~inside]).tolist() == [blank * unit]


def test_frame_without_a_view_is_blank_as_a_whole() -> None:
    shown = redacted(noise("yuv420p"), None)
    assert [np.unique(plane).tolist() for plane in shown.picture.planes] == [[16], [128], [128]]


def test_half_covered_chroma_is_blank_too() -> None:
    shown = redacted(noise("yuv420p"), Rect(61, 21, 101, 99))
    luma, chroma, _ = shown.picture.planes
    rows, columns = (np.flatnonzero((luma != 16).any(axis)) for axis in (1, 0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (22, 119, 62, 161)
    rows, columns = (np.flatnonzero((chroma != 128).any(axis)) for axis in (1, 0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (11, 59, 31, 80)


def test_view_at_the_odd_edge_of_a_picture_is_shown_to_its_end() -> None:
    frame = noise("yuv420p", size=(99, 101))
    shown = redacted(frame, frame.picture.whole)
    for ours, theirs in zip(shown.picture.planes, frame.picture.planes, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_time_and_colour_stay_and_side_data_goes() -> None:
    frame = noise("yuv420p", full_range=True)
    shown = redacted(frame, frame.picture.whole)
    assert (shown.pts, shown.time_base, shown.index) == (5, Fraction(1, 25), 0)
    native = decoded_of(shown)
    assert native is not frame.decoded
    assert picture_of(native).colour == frame.picture.colour
    assert not list(native.side_data.keys())


# The view of the very frame.


def tissue(width: int, height: int) -> NDArray[np.uint8]:
    coarse = np.random.default_rng(1).uniform(0.6, 1.2, (12, 12, 1))
    rgb = np.clip(coarse * (190, 110, 90), 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def screen(view: Rect | None) -> NDArray[np.uint8]:
    rgb = np.full((240, 320, 3), 12, np.uint8)
    for row in range(14, 240, 16):
        cv2.putText(rgb, "DOE JANE 1950-01-01", (2, row), 0, 0.4, (230, 230, 230), 1)
    if view is not None:
        x, y, width, height = view
        rgb[max(y - 6, 0) : y + height + 6, x - 6 : x + width + 6] = 12
        rgb[view.slices()] = tissue(view.width, view.height)
    return rgb


def frames_of(screens: list[NDArray[np.uint8]]) -> list[Frame]:
    return [
        Frame(
            index,
            index,
            Fraction(1, 25),
            picture_of(av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p")),
            0.0,
        )
        for index, rgb in enumerate(screens)
    ]


def test_screen_without_a_view_is_seen_in_its_very_first_frame() -> None:
    finder, with_view, without = ViewFinder(watchful=True), screen(VIEW), screen(None)
    sure = []
    for frame in frames_of([with_view] * 3 + [without] * 2 + [with_view]):
        finder.update(frame)
        sure.append(finder.surely(frame.picture))
    assert [view is None for view in sure] == [False, False, False, True, True, False]


def test_view_that_shrinks_is_followed_at_once() -> None:
    finder, smaller = ViewFinder(watchful=True), Rect(100, 60, 120, 100)
    for frame in frames_of([screen(VIEW)] * 3 + [screen(smaller)]):
        view = finder.update(frame)
    surely = finder.surely(frame.picture)
    assert surely is not None
    assert surely.intersection_over_union(smaller) > 0.9
    assert view.intersection_over_union(VIEW) > 0.9


def test_looking_at_every_frame_does_not_unsettle_the_view() -> None:
    screens = [screen(VIEW)] * 10 + [screen(Rect(100, 60, 120, 100))] * 30
    watchful, usual = ViewFinder(watchful=True), ViewFinder()
    frames = frames_of(screens)
    assert [watchful.update(frame) for frame in frames] == [usual.update(frame) for frame in frames]


# The whole chain.

NAME = "doe-jane"


def write_source(path: Path) -> None:
    """A recording with a name on its screen, in its metadata and in its file name."""
    with av.open(str(path), "w", options={"movflags": "use_metadata_tags"}) as sink:
        sink.metadata.update({"title": NAME, "artist": NAME})
        video = sink.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
        sound = sink.add_stream("aac", rate=44100)
        for index, rgb in enumerate([screen(VIEW)] * 8 + [screen(None)] * 4 + [screen(VIEW)] * 8):
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            sink.mux(video.encode(frame))
        silence = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        silence.rate, silence.pts = 44100, 0
        for plane in silence.planes:
            plane.update(bytes(plane.buffer_size))
        sink.mux([*sound.encode(silence), *sound.encode(None)])
        sink.mux(video.encode(None))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Outputs:
    folder = tmp_path_factory.mktemp("redact")
    (folder / "in").mkdir()
    (folder / "out").mkdir()
    path, outputs = folder / "in" / f"{NAME}.mkv", Outputs(folder / "out" / "case.mp4")
    write_source(path)
    settings = ProcessSettings(
        redact=True, codec="ffv1", overlay=False, masks=True, mask_images=True, frames=1
    )
    warnings = Tally()
    warnings.add(f"{path} is odd")
    with open_recording(str(path), warnings=warnings) as source:
        assert source.parameters.passed_through
        process_recording(source, outputs, settings, FixedEngine(), warnings=warnings)
    return outputs


def test_recorded_planes_show_the_view_and_nothing_else(outputs: Outputs) -> None:
    source = frames_of([screen(VIEW), screen(None)])
    with av.open(str(outputs.recording)) as container:
        recorded = [picture_of(frame) for frame in container.decode(video=0)]
    assert len(recorded) == 20
    for index, picture in enumerate(recorded):
        luma, *chroma = picture.planes
        if 8 <= index < 12:
            assert np.all(luma == 16)
            assert all(np.all(plane == 128) for plane in chroma)
            continue
        inside = np.zeros(luma.shape, np.bool_)
        inside[VIEW.slices()] = True
        around = cv2.dilate(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        core = cv2.erode(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
        assert np.all(luma[~around] == 16)
        assert np.array_equal(luma[core], source[0].picture.planes[0][core])


def test_redacted_recording_has_no_sound_and_says_nothing_of_its_source(outputs: Outputs) -> None:
    with av.open(str(outputs.recording)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert not set(container.metadata) & {"title", "artist"}


def test_no_output_names_the_source(outputs: Outputs) -> None:
    written = [path for path in outputs.recording.parent.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {
        "case.mp4", "case.masks.mp4", "case.frames.csv", "case.sightings.json",
        "case.settings.yaml", "case.report.html", "000000.png",
    }  # fmt: skip
    for path in written:
        content = path.read_bytes()
        for secret in (NAME, "redact0/in", str(outputs.recording.parent)):
            assert secret.encode() not in content, path.name


def test_stills_are_redacted_too(outputs: Outputs) -> None:
    still = cv2.imread(str(outputs.stills / "000000.png"))
    assert still.max() > 100
    assert still[:, :50].max() == 0
    assert cv2.imread(str(outputs.stills / "000009.png")).max() == 0


def test_redacting_the_full_frame_is_refused() -> None:
    with pytest.raises(SettingsError, match="with view full"):
        merged(ProcessSettings, None, {"redact": True, "view": "full"})
