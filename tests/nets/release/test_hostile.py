"""Pickles that mean harm: refused in one line, with nothing executed and no memory taken."""

import io
import os
import pickle
import random
import struct
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from nets.errors import ReleaseError
from nets.release import read_release

MOST_MEMORY = 150 * 2**20
"""What refusing may take: the interpreter's records of half a million steps."""


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[Path]:
    """A file that harm would make; it is never there."""
    path = tmp_path / "harm"
    yield path
    assert not path.exists()


class Calls:
    """Pickled as a call."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


def archive(path: Path, content: bytes, compression: int = zipfile.ZIP_STORED) -> Path:
    """A file as torch.save writes them now, around a pickle."""
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("archive/data.pkl", content)
        file.writestr("archive/version", b"3\n")
        file.writestr("archive/data/0", bytes(4))
    return path


def stream(path: Path, content: bytes, rest: bytes = b"") -> Path:
    """A file as torch.save wrote them before 1.6, around a pickle."""
    buffer = io.BytesIO()
    torch.save({}, buffer, _use_new_zipfile_serialization=False)
    empty = pickle.dumps({}, protocol=2)
    head, found, _ = buffer.getvalue().rpartition(empty)
    assert found
    path.write_bytes(head + content + (rest or pickle.dumps([], protocol=2)))
    return path


def refused(path: Path, said: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ReleaseError, match=said) as caught:
            read_release(path)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()


def hostile(mark: Path) -> dict[str, tuple[Any, str]]:
    touch = f"touch {mark}"
    return {
        "os.system": (Calls(os.system, (touch,)), r"posix\.system"),
        "eval": (Calls(eval, (f"open({str(mark)!r}, 'w')",)), r"__builtin__\.eval"),
        "exec": (Calls(exec, (f"open({str(mark)!r}, 'w')",)), r"__builtin__\.exec"),
        "open": (Calls(open, (str(mark), "w")), r"open"),
        "nested": (
            OrderedDict(a=[{"b": (OrderedDict(c=Calls(os.system, (touch,))),)}]),
            r"posix\.system",
        ),
        "getattr": (Calls(getattr, (Calls(__import__, ("os",)), "system")), "getattr"),
        "a gadget of torch": (Calls(torch.load, (str(mark),)), r"torch\.serialization\.load"),
        "another network": (torch.nn.LSTM(1, 1), r"torch\.nn\.modules\.rnn\.LSTM"),
    }


@pytest.mark.parametrize("kind", hostile(Path()))
@pytest.mark.parametrize("form", [archive, stream])
def test_what_no_such_file_needs_is_refused_by_name(
    kind: str, form: Any, mark: Path, tmp_path: Path
) -> None:
    thing, said = hostile(mark)[kind]
    if isinstance(thing, torch.nn.Module):
        torch.save({"model": thing, "epoch": 1}, tmp_path / "whole.pth")
        with zipfile.ZipFile(tmp_path / "whole.pth") as file:
            content = file.read("whole/data.pkl")
    else:
        content = pickle.dumps({"model": thing, "epoch": 1}, protocol=2)
    refused(form(tmp_path / "f.pth", content), said)


LAYER = b"ctorch.nn.modules.linear\nIdentity\n"
DICT = b"ccollections\nOrderedDict\n"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
FLOATS = b"ctorch\nFloatStorage\n"


def storage(*, kind: bytes = FLOATS, key: bytes = b"0", count: bytes = b"K\x01") -> bytes:
    """The opcodes of a storage."""
    words = [b"X" + struct.pack("<I", len(word)) + word for word in (b"storage", key, b"cpu")]
    return b"(" + words[0] + kind + words[1] + words[2] + count + b"tQ"


def tensor(stored: bytes, shape: bytes, stride: bytes, offset: bytes = b"K\0") -> bytes:
    """The opcodes of a tensor."""
    return TENSOR + b"(" + stored + offset + shape + stride + b"\x89" + DICT + b")RtR"


HUGE = b"\x8a\x06" + (2**40).to_bytes(6, "little")
OPCODES = {
    "state set on a class": (LAYER + b"}b", "no network's layer"),
    "state set on a function": (TENSOR + b"}b", "no network's layer"),
    "state set on a dictionary": (b"}}b", "no network's layer"),
    "state set twice": (LAYER + b")\x81}(X\1\0\0\0aNubNb", "no network's layer"),
    "state that is no dictionary": (LAYER + b")\x81N}\x86b", "no network's layer"),
    "a layer made with arguments": (LAYER + b"N\x85\x81", "makes torch.nn.modules.linear.Identity"),
    "a layer called": (LAYER + b")R", "calls torch.nn.modules.linear.Identity"),
    "a layer's instance called": (LAYER + b")\x81)R", "calls a Layer"),
    "a function made": (TENSOR + b")\x81", "makes torch._utils._rebuild_tensor_v2"),
    "a dictionary made of pairs": (DICT + b"]\x85R", "calls collections.OrderedDict"),
    "a set of something": (b"c__builtin__\nset\n]Na\x85R", "calls __builtin__.set"),
    "a name with a line break in it": (b"cos\\n\\x1b[2J\nsystem\n", "asks for os"),
    "INST": (b"(ios\nsystem\n", "INST"),
    "OBJ": (b"(" + LAYER + b"o", "OBJ"),
    "the registry of extensions": (b"\x82\x01", "EXT1"),
    "a larger registry": (b"\x84\x01\0\0\0", "EXT4"),
    "a name from the stack": (b"X\2\0\0\0osX\6\0\0\0system\x93", "STACK_GLOBAL"),
    "a persistent id in text": (b"Pstorage\n", "PERSID"),
    "another persistent id": (b"NQ", "no storage"),
    "numbers of an odd kind": (storage(kind=b"ctorch\nHalfStorage\n"), r"torch\.HalfStorage"),
    "numbers of a dictionary's kind": (storage(kind=DICT), "no storage"),
    "numbers that lie elsewhere": (storage(key=b"../../etc/passwd"), "no storage"),
    "less than no numbers": (storage(count=b"J\xff\xff\xff\xff"), "no storage"),
    "numbers of two lengths": (storage() + storage(count=b"K\x02"), "no storage"),
    "a tensor larger than its storage": (
        tensor(storage(), HUGE + b"\x85", b"K\1\x85"),
        "not the 1 numbers",
    ),
    "a tensor behind its storage": (
        tensor(storage(), b"K\1\x85", b"K\1\x85", HUGE),
        "not the 1 numbers",
    ),
    "a tensor of one number repeated": (
        tensor(storage(count=b"K\x09"), b"K\3K\3\x86", b"K\0K\0\x86"),
        "in order",
    ),
    "a tensor that is a part of its storage": (
        tensor(storage(count=b"K\x09"), b"K\3\x85", b"K\1\x85"),
        "not the 9 numbers",
    ),
    "a tensor of many dimensions": (
        tensor(storage(), b"(" + b"K\1" * 9 + b"t", b"(" + b"K\1" * 9 + b"t"),
        "dimensions",
    ),
    "a tensor that is negative": (
        tensor(storage(), b"J\xff\xff\xff\xff\x85", b"K\1\x85"),
        "damaged",
    ),
    "a key that takes forever to hash": (
        b"}(]\x85" + b"".join(b"q%ch%c\x86" % (n, n) for n in range(99)) + b"Nu",
        "key that is no name",
    ),
    "a text of four gigabytes": (b"X\xff\xff\xff\xff", "damaged"),
    "a number of two gigabytes": (b"\x8b\xff\xff\xff\x7f", "damaged"),
    "bytes without end": (b"\x8e" + b"\xff" * 7 + b"\x7f", "damaged"),
    "a place far out in memory": (b"Nr\xff\xff\xff\xff", "something else"),
    "a doubling list": (
        b"]" + b"".join(b"q%ch%c\x86" % (n, n) for n in range(99)),
        "something else",
    ),
    "tuples to the bottom": (b")" + b"\x85" * 50_000, "something else"),
    "POP": (b"N0", "POP"),
    "half a million steps": (b"(" + b"N" * 500_000 + b"t", "steps"),
    "nothing at all": (b"", "damaged"),
    "a mark that was never made": (b"t", "damaged"),
    "something never remembered": (b"h\x07", "damaged"),
    "no opcode": (b"\xff", "damaged"),
}


@pytest.mark.parametrize("kind", OPCODES)
def test_opcodes_that_no_such_file_has_are_refused(kind: str, tmp_path: Path) -> None:
    opcodes, said = OPCODES[kind]
    refused(archive(tmp_path / "f.pth", b"\x80\x02" + opcodes + b"."), said)


def test_another_protocol_is_refused(tmp_path: Path) -> None:
    content = pickle.dumps({"model": None, "epoch": 1}, protocol=4)
    refused(archive(tmp_path / "f.pth", content), "protocol 4")


def network(modules: bytes) -> bytes:
    """The opcodes of a file whose FPN has these children; it is remembered as 9."""
    name = b"csegmentation_models_pytorch.fpn.model\nFPN\n"
    groups = (b"_parameters", b"_buffers", b"_modules")
    words = [b"X" + struct.pack("<I", len(word)) + word for word in (*groups, b"model", b"epoch")]
    state = b"}(" + words[0] + b"}" + words[1] + b"}" + words[2] + modules + b"u"
    return b"\x80\x02}(" + words[3] + name + b")\x81q\x09" + state + b"b" + words[4] + b"K\1u."


@pytest.mark.parametrize(
    "modules",
    [
        b"}(X\1\0\0\0ah\x09u",
        b"}(X\1\0\0\0a" + LAYER + b")\x81q\1X\1\0\0\0bh\1u",
        b"}(X\1\0\0\0aK\1u",
    ],
    ids=["itself", "one layer in two places", "a number"],
)
def test_layers_that_are_no_tree_are_refused(modules: bytes, tmp_path: Path) -> None:
    refused(archive(tmp_path / "f.pth", network(modules)), "tree|no _modules")


def test_files_that_are_none_of_torch_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "missing.pth", "No such file")
    refused(tmp_path, "directory")
    path = tmp_path / "f.pth"
    for content, said in (
        (b"", "no file that torch.save has written"),
        (b"weights, says the name", "no file that torch.save has written"),
        (b"PK\x03\x04 and no more", "damaged archive"),
        (pickle.dumps({"model": 1}, protocol=2), "none that torch.save has written"),
        (pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2) * 2, "version"),
    ):
        path.write_bytes(content)
        refused(path, said)


def test_weights_without_a_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.pth"
    for thing in ({"weight": torch.zeros(2)}, {"model": torch.zeros(2), "epoch": 1}, [1]):
        torch.save(thing, path)
        refused(path, "something else than")
    torch.save({"model": torch.nn.Conv2d(1, 1, 1), "epoch": 1}, path)
    refused(path, r"torch\.nn\.modules\.conv\.Conv2d, which is no network of the paper")


def test_archives_that_unpack_to_more_than_they_are_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.pth"
    refused(archive(path, bytes(2**20), zipfile.ZIP_DEFLATED), "compressed")
    refused(archive(path, bytes(9 * 2**20)), "larger")
    # A directory of 16 MB, in a file that takes no room on the disk.
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(2**25)
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 2**24, 2**24, 0))
    refused(path, "directory")


def test_storages_that_are_not_there_are_refused(tmp_path: Path) -> None:
    ends = pickle.dumps(["0"], protocol=2)
    content = b"\x80\x02" + storage(count=HUGE) + b"."
    path = tmp_path / "f.pth"
    refused(stream(path, content, ends + struct.pack("<q", 2**40) + bytes(4)), "ends before")
    refused(stream(path, content, ends + struct.pack("<q", 1) + bytes(4)), "as long as it says")
    refused(stream(path, content, pickle.dumps(["0", "1"], protocol=2)), "storages")
    refused(stream(path, content, pickle.dumps([("0",)], protocol=2)), "storages")


def test_a_record_cut_short_is_refused(release: Any, tmp_path: Path) -> None:
    path = tmp_path / "f.pth"
    with zipfile.ZipFile(release("fpn")) as whole, zipfile.ZipFile(path, "w") as cut:
        names = whole.namelist()
        shortened = max(names, key=lambda name: whole.getinfo(name).file_size)
        for name in names:
            cut.writestr(name, whole.read(name)[: -4 if name == shortened else None])
    refused(path, "as long as it says")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_damaged_file_is_always_refused_in_a_line(zipped: bool, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(
        {"model": torch.nn.Conv2d(1, 1, 1), "epoch": 1},
        buffer,
        _use_new_zipfile_serialization=zipped,
    )
    whole = buffer.getvalue()
    chance = random.Random(3)
    path = tmp_path / "f.pth"
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.choice([None, chance.randrange(len(damaged))])])
        with pytest.raises(ReleaseError) as caught:
            read_release(path)
        assert str(caught.value).isprintable()
