"""From what a user names to recordings."""

from pathlib import PurePosixPath

import pytest

from stream.errors import SettingsError, SourceError
from stream.source.listing import list_recordings
from stream.tally import Tally


@pytest.fixture
def tree(tmp_path):
    """Makes empty files: `tree("a.mp4", "b/c.avi")`; nothing here looks inside."""

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return make


def listed(*inputs, **options):
    """Places of what is listed, and whether it counts as several."""
    listing = list_recordings([str(name) for name in inputs], **options)
    return [str(one.place) for one in listing.recordings], listing.several


def test_a_file_is_one_recording_whatever_its_suffix(tree):
    root = tree("a.mp4", "b.xyz")
    assert listed(root / "a.mp4") == (["a"], False)
    assert listed(root / "b.xyz") == (["b"], False)


def test_a_file_that_is_not_there_is_listed_for_whoever_opens_it(tmp_path):
    listing = list_recordings([str(tmp_path / "none.mp4")])
    assert listing.recordings[0].name == str(tmp_path / "none.mp4")
    assert not listing.several


def test_a_folder_is_searched_in_natural_order_with_all_below_it(tree):
    root = tree("x10.mp4", "x9.MKV", "notes.txt", "day2/b.avi", "day10/a.ts", "day2/deep/c.mov")
    places, several = listed(root)
    assert places == ["x9", "x10", "day2/b", "day2/deep/c", "day10/a"]
    assert several


def test_a_folder_with_one_recording_is_several_all_the_same(tree):
    assert listed(tree("a.mp4")) == (["a"], True)


def test_hidden_names_partials_and_outputs_are_left_out(tree):
    root = tree(
        "a.mp4",
        ".b.mp4",
        ".hidden/c.mp4",
        "a.partial.mp4",
        "a.masks.mp4",
        "a.masks/000001.png",
        "a.frames/000001.png",
    )
    assert listed(root)[0] == ["a"]


def test_a_folder_of_pictures_is_one_recording(tree):
    root = tree("f/1.png", "f/2.png")
    listing = list_recordings([str(root / "f")])
    assert [one.name for one in listing.recordings] == [str(root / "f")]
    assert [one.place for one in listing.recordings] == [PurePosixPath("f")]
    assert not listing.several


def test_folders_of_pictures_among_recordings_are_recordings(tree):
    root = tree("a.mp4", "case 1/1.png", "case 1/2.png", "case 2/1.jpg")
    assert listed(root) == (["a", "case 1", "case 2"], True)


def test_pictures_beside_recordings_are_left_out_and_counted(tree):
    warnings = Tally()
    assert listed(tree("a.mp4", "cover.jpg", "back.png"), warnings=warnings)[0] == ["a"]
    assert warnings.lines() == ["pictures that lie beside recordings are left out (2 times)"]


def test_a_folder_with_nothing_in_it_is_one_clear_line(tree):
    with pytest.raises(SourceError, match="a folder without recordings or pictures"):
        listed(tree("notes.txt"))


def test_the_folder_of_outputs_is_not_searched(tree):
    root = tree("a.mp4", "out/a.mp4", "out/journal.jsonl", "old/a.mp4", "old/journal.jsonl")
    warnings = Tally()
    assert listed(root, outputs=root / "out", warnings=warnings)[0] == ["a"]
    (line,) = warnings.lines()
    assert str(root / "old") in line
    with pytest.raises(SourceError, match="is the outputs' own folder"):
        listed(root / "out", outputs=root / "out")


def test_a_glob_fits_recordings_and_folders(tree):
    root = tree("x/a1.mp4", "x/a2.mp4", "x/b.mp4", "y/a3.mp4", "y/a3.txt", "z/1.png", "x/.a.mp4")
    assert listed(root / "x" / "a*") == (["a1", "a2"], True)
    assert listed(root / "*" / "a*") == (["x/a1", "x/a2", "y/a3"], True)
    assert listed(root / "**" / "*.mp4")[0] == ["x/a1", "x/a2", "x/b", "y/a3"]
    assert listed(root / "*")[0] == ["x/a1", "x/a2", "x/b", "y/a3", "z"]
    with pytest.raises(SourceError, match="fits no recording"):
        listed(root / "*.webm")


def test_a_name_that_exists_is_no_glob(tree):
    assert listed(tree("a[1].mp4") / "a[1].mp4") == (["a[1]"], False)


def test_a_list_names_one_a_line(tree):
    root = tree("a.mp4", "b.mp4", "more/c.mp4", "unlisted.mp4")
    names = root / "names.txt"
    names.write_text(f"# today's\n{root}/a.mp4\n\n  {root}/b.mp4  \n{root}/more\n")
    assert listed(f"@{names}") == (["a", "b", "c"], True)
    names.write_text("# nothing\n")
    with pytest.raises(SourceError, match="an empty list"):
        listed(f"@{names}")
    names.write_text(f"@{names}\n")
    with pytest.raises(SourceError, match="cannot name other lists"):
        listed(f"@{names}")
    with pytest.raises(SourceError, match="cannot be read"):
        listed(f"@{root}/none.txt")


def test_a_recording_that_is_named_twice_is_taken_once(tree):
    root = tree("a.mp4", "b.mp4")
    assert listed(root / "b.mp4", root, root / "." / "a.mp4")[0] == ["b", "a"]


def test_links_are_followed_once(tree):
    root = tree("in/a.mp4", "far/b.mp4")
    (root / "in" / "far").symlink_to(root / "far")
    (root / "in" / "loop").symlink_to(root / "in")
    assert listed(root / "in")[0] == ["a", "far/b"]


def test_addresses_are_called_by_their_last_part(tmp_path):
    places, several = listed(
        "http://anna:1234@example.org/room%201/case.mp4?token=x",
        "http://example.org",
        "synthetic:?seed=3",
    )
    assert places == ["case", "example.org", "synthetic-3"]
    assert several


def test_a_synthetic_address_that_makes_no_sense_is_refused():
    with pytest.raises(SettingsError, match="is unknown"):
        listed("synthetic:?sed=3")
