"""A pickle without Python behind it: a machine that knows only what such a file needs.

Python's own unpickler, even a restricted one, sets attributes and calls what it finds. This one
has some thirty of the opcodes, makes plain records (`nets.release.records`) instead of objects,
and calls nothing: what the file names are labels, and the four it may "call" are known here.
No step can take more memory than the bytes of the file that ask for it justify.
"""

import math
import pickletools
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any

from nets.errors import ReleaseError
from nets.release import names
from nets.release.records import Layer, Name, Storage, StoredTensor

PROTOCOL = 2  # torch.save's own, then as now
MOST_STEPS = 500_000
"""Of one pickle: the authors' TriUNet takes 157,346."""

VALUES = frozenset({"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE"})
FRESH: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
"""Opcodes that bring a value, and those that stand for one."""

MOST_DIMENSIONS = 4
KEY = re.compile(r"\w{1,100}", re.ASCII)


def read_pickle(stream: BytesIO, fetch: Callable[[Any], Any]) -> Any:
    """Read one pickle; nothing in it is executed.

    Args:
        stream: stands at the pickle's first byte, and behind its last one afterwards.
        fetch: gives what a persistent id stands for.

    Returns:
        Numbers, strings, tuples, lists, dictionaries, and the records of
        `nets.release.records`.

    Raises:
        ReleaseError: it is damaged, or holds what a file of the authors' kind does not need.
    """
    machine = _Machine(fetch)
    try:
        for step, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if step == MOST_STEPS:
                raise ReleaseError(f"its pickle has more than {MOST_STEPS} steps")
            machine.take(opcode.name, argument)
        return machine.result()
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise ReleaseError("its pickle is damaged") from error


def shown(text: object) -> str:
    """Words of the file for a message: printable, and not too many."""
    return ascii(text)[1:-1][:100]


class _Machine:
    def __init__(self, fetch: Callable[[Any], Any]) -> None:
        self._fetch = fetch
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def result(self) -> Any:
        if len(self._stack) != 1 or self._marks:
            raise ValueError
        return self._stack[0]

    def take(self, opcode: str, argument: Any) -> None:
        """Take one step."""
        stack = self._stack
        if opcode in VALUES:
            stack.append(argument)
            return
        if opcode in FRESH:
            stack.append(FRESH[opcode]())
            return
        match opcode:
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case "MARK":
                self._marks.append(len(stack))
            case "TUPLE":
                stack.append(tuple(self._pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                length = int(opcode[-1])
                stack[-length:] = [tuple(stack[-length:])]
            case "APPEND":
                self._append([stack.pop()])
            case "APPENDS":
                self._append(self._pop_to_mark())
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                self._set([key, value])
            case "SETITEMS":
                self._set(self._pop_to_mark())
            case "GLOBAL":
                stack.append(_allowed(argument))
            case "NEWOBJ":
                arguments, name = stack.pop(), stack.pop()
                stack.append(_new(name, arguments))
            case "REDUCE":
                arguments, name = stack.pop(), stack.pop()
                stack.append(_call(name, arguments))
            case "BUILD":
                state = stack.pop()
                _build(stack[-1], state)
            case "BINPERSID":
                stack.append(self._fetch(stack.pop()))
            case "PROTO":
                if argument != PROTOCOL:
                    raise ReleaseError(f"its pickle is of protocol {argument}, not {PROTOCOL}")
            case "STOP":
                pass
            case _:
                raise ReleaseError(f"its pickle uses {opcode}, which no such file needs: refused")

    def _pop_to_mark(self) -> list[Any]:
        mark = self._marks.pop()
        items = self._stack[mark:]
        del self._stack[mark:]
        return items

    def _append(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, list):
            raise TypeError
        target.extend(items)

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict):
            raise TypeError
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not (isinstance(key, str) and KEY.fullmatch(key)):
                raise ReleaseError("its pickle has a key that is no name")
            target[key] = value


def _allowed(argument: str) -> Name:
    full = argument.replace(" ", ".", 1)
    if full not in names.ALLOWED:
        raise ReleaseError(f"it asks for {shown(full)}, which no such file needs: refused")
    return Name(full)


def _new(name: Any, arguments: Any) -> Layer:
    if not (isinstance(name, Name) and name.full in names.MODULES and arguments == ()):
        raise ReleaseError(f"it makes {_called(name)} as no such file does: refused")
    return Layer(name.full)


def _build(layer: Any, state: Any) -> None:
    if not isinstance(layer, Layer) or layer.attributes or not isinstance(state, dict):
        raise ReleaseError("it fills in something that is no network's layer: refused")
    layer.attributes = state


def _call(name: Any, arguments: Any) -> Any:
    """What the file asks to be called: four functions, of which none is called."""
    match name, arguments:
        case Name(names.ORDERED_DICT), ():
            return {}
        case Name(names.SET), ([],):
            return ()
        case Name(names.TENSOR), (Storage() as storage, offset, shape, stride, bool(), {}):
            return _tensor(storage, offset, shape, stride)
        case Name(names.PARAMETER), (StoredTensor() as tensor, bool(), {}):
            return tensor
    raise ReleaseError(f"it calls {_called(name)} as no such file does: refused")


def _called(name: Any) -> str:
    return name.full if isinstance(name, Name) else f"a {type(name).__name__}"


def _tensor(storage: Storage, offset: Any, shape: Any, stride: Any) -> StoredTensor:
    """A tensor that is just its storage, in order: what a network's tensors are."""
    if not (isinstance(shape, tuple) and isinstance(stride, tuple)):
        raise TypeError
    if len(shape) > MOST_DIMENSIONS or len(shape) != len(stride):
        raise ReleaseError("a tensor has more dimensions than any of a network: refused")
    if any(type(number) is not int or number < 0 for number in (offset, *shape, *stride)):
        raise TypeError
    if offset != 0 or math.prod(shape) != storage.count:
        raise ReleaseError(
            f"a tensor of shape {shape} is not the {storage.count} numbers that it names: refused"
        )
    step = 1
    for length, own in zip(reversed(shape), reversed(stride), strict=True):
        if length != 1 and own != step:
            raise ReleaseError("a tensor is not stored in order: refused")
        step *= length
    return StoredTensor(storage, shape)
