"""The command `divergent-train`: dispatch, and one clear line for everything that goes wrong."""

import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from types import FrameType

from cyclopts import App, CycloptsError, Parameter

from nets.errors import DivergentError

USAGE_STATUS, FAILED_STATUS, INTERRUPTED_STATUS = 2, 1, 130
STOPS = (signal.SIGINT, signal.SIGTERM)

COMMANDS = {
    "manifest": "List data sets' images and masks, checked and split.",
    "fit": "Train an ensemble's members, or go on where they stopped.",
    "distill": "Train networks to say what an ensemble says.",
    "bundle": "Make an ensemble of checkpoints.",
    "fuse": "Fit how members are made one, judged on what they were not.",
    "quantise": "Add an int8 model to a bundle.",
    "export": "Write an ensemble for other programs: ONNX, OpenVINO IR, or a member for smp.",
    "import-release": "Make an ensemble of the weights that the paper's authors published.",
    "evaluate": "Score weights on a manifest, by every convention.",
    "tables": "Print the paper's Tables 2 to 4 with our figures.",
    "spread": "Print what of a figure is the seed's.",
    "failures": "Show the pictures on which weights do worst.",
    "figures": "Draw the paper's Figures 2 and 4, curves and more.",
}
"""Each is a function of that name in a module of that name, imported when it is used."""

app = App(
    name="divergent-train",
    help="Train, judge and bundle DivergentNets. Research software, not a medical device.",
    help_epilogue="--debug shows where an error came from.",
    version=lambda: version("divergentnets"),
    default_parameter=Parameter(
        negative=(), show_default=lambda default: str(default) if default else None
    ),
    suppress_keyboard_interrupt=False,
)
for _name, _help in COMMANDS.items():
    _module = _name.replace("-", "_")
    app.command(f"train.commands.{_module}:{_module}", name=_name, help=_help)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with 0, 1 (ran and failed), 2 (usage) or 130 (interrupted)."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status."""
    debug = "--debug" in arguments
    # SIGINT too: what a shell starts in the background inherits it as ignored.
    before = {number: signal.signal(number, _interrupt) for number in STOPS}
    try:
        app(
            [argument for argument in arguments if argument != "--debug"],
            exit_on_error=False,
            print_error=False,
            result_action="return_value",
        )
        sys.stdout.flush()
    except CycloptsError as error:
        _say(f"{' '.join(str(error).split())} (--help lists the options)")
        return USAGE_STATUS
    except KeyboardInterrupt as error:
        _say("; ".join(["stopped", *getattr(error, "__notes__", [])]))
        return INTERRUPTED_STATUS
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python must not try to write more of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except DivergentError as error:
        if debug:
            raise
        _say(str(error))
        return FAILED_STATUS
    except Exception as error:
        if debug:
            raise
        _say(f"{type(error).__name__}: {' '.join(str(error).split())} (--debug shows where)")
        return FAILED_STATUS
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Stop at SIGTERM as at Ctrl-C."""
    raise KeyboardInterrupt


def _say(line: str) -> None:
    print(f"divergent-train: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
