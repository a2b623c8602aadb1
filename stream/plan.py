"""What is to be done for an archive: which recording into which output, and which are done."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath
from typing import Any

from nets.engine import named_bundle
from nets.errors import DivergentError
from stream.finishing import is_derived
from stream.journal import Identity, Journal, identify
from stream.outputs import Outputs, check_outputs
from stream.progress import Count
from stream.settings import ProcessSettings, plain
from stream.source.address import redacted
from stream.source.listing import Listed
from stream.task import DONE, Result

ANONYMOUS = PurePosixPath("recording")
"""What outputs are called where the recordings' names may not be told."""

NO_MATTER = ("workers", "ray")
"""Settings that leave the outputs as they are."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A recording of an archive.

    Attributes:
        listed: as it was found.
        identity: as it is now.
        output: of the annotated recording, below the folder of outputs.
        overwrite: whatever has the output's name may be replaced.
        result: how it ended, where nothing is left to do.
        earlier: that was in an earlier run.
        weight: its share of the work among the others.
        redacted: neither its name nor where it lies may be written down.
    """

    listed: Listed
    identity: Identity
    output: PurePosixPath
    overwrite: bool
    result: Result | None
    earlier: bool
    weight: float
    redacted: bool

    @property
    def shown(self) -> str:
        """What it may be called in writing."""
        return str(self.output) if self.redacted else redacted(self.listed.name)

    def told(self, result: Result) -> Result:
        """A result as it may be written down."""
        if not self.redacted:
            return result
        message, trace = (self._without_name(text) for text in (result.message, result.trace))
        return replace(result, message=message, trace=trace)

    def _without_name(self, text: str) -> str:
        path = Path(self.listed.name)
        for name in (str(path.resolve()), self.listed.name, path.name, path.stem):
            text = text.replace(name, self.shown)
        return text


def make_plan(
    listed: Sequence[Listed],
    folder: Path,
    journal: Journal,
    settings: ProcessSettings,
    digest: str,
    *,
    overwrite: bool,
) -> list[Planned]:
    """Plan the outputs of recordings, and find out which there are already.

    A recording keeps the output that an earlier run gave it. It is done if that run finished
    it, from the same file with the same settings and weights, and the output is still there.

    Args:
        listed: the recordings.
        folder: of the outputs.
        journal: of that folder.
        settings: how they are processed.
        digest: of those settings and the weights.
        overwrite: nothing counts as done, and whatever has an output's name may be replaced.
    """
    identities = [identify(one.name, digest, secret=settings.redact) for one in listed]
    sizes = [identity.size for identity in identities if identity.size]
    usual = sum(sizes) / len(sizes) if sizes else 1.0
    taken = {_key(place.with_suffix("")) for place in journal.outputs()}
    plan = []
    for one, identity in zip(listed, identities, strict=True):
        before = journal.last(identity.recording)
        if before is not None:
            place = before.output.with_suffix("")
        else:
            place = _free(ANONYMOUS if settings.redact else one.place, taken)
            taken.add(_key(place))
        output = place.with_name(f"{place.name}.{settings.container}")
        there = (folder / output).exists()
        mine = overwrite or (before is not None and (before.output == output or not there))
        result, earlier = _refusal(one.name, folder / output, mine, settings), False
        if before is not None and before.identity == identity and not overwrite:
            earlier = before.status in DONE and before.output == output and there
            result = read_result(before.status, before.facts) if earlier else result
        weight = float(identity.size or usual)
        planned = Planned(
            one, identity, output, mine, result, earlier, weight, redacted=settings.redact
        )
        plan.append(planned)
    return plan


def digest_of(settings: ProcessSettings) -> str:
    """A digest of all that decides what the outputs hold.

    Raises:
        BundleError: there are no such weights.
        CheckpointError: a member cannot be read.
    """
    values = {key: value for key, value in plain(settings).items() if key not in NO_MATTER}
    bundle = named_bundle(settings.weights)
    if bundle is not None:
        values["weights"] = bundle.fingerprint()
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def read_result(status: str, facts: Mapping[str, Any]) -> Result:
    """A result from the journal; what it does not say is nothing."""
    count = Count()
    for figure in fields(Count):
        value = facts.get(figure.name)
        if isinstance(value, int | float):
            setattr(count, figure.name, type(getattr(count, figure.name))(value))
    seconds = facts.get("seconds")
    return Result(
        "broken off" if status == "broken off" else "finished",
        count,
        float(seconds) if isinstance(seconds, int | float) else 0.0,
        str(facts.get("message", "")),
    )


def _refusal(name: str, output: Path, overwrite: bool, settings: ProcessSettings) -> Result | None:
    """Why a recording may not be processed into an output."""
    try:
        check_outputs(name, Outputs(output), overwrite, settings)
    except DivergentError as problem:
        return Result("failed", message=str(problem))
    return None


def _free(place: PurePosixPath, taken: set[str]) -> PurePosixPath:
    """A place like this one that no other recording has, nor anything beside another's."""
    place = PurePosixPath(*(part for part in place.parts if part not in ("..", "/")))
    free, number = place, 1
    while _key(free) in taken or is_derived(free.name):
        number += 1
        free = place.with_name(f"{place.name}.{number}")
    return free


def _key(place: PurePosixPath) -> str:
    """The same for places that some file systems cannot tell apart."""
    return str(place).casefold()
