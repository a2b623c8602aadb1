"""Docstrings as help: lines that flow, and do not break where the source does."""

import inspect

RULE = "---"


def flowing(docstring: str) -> str:
    """The same text with the lines of each paragraph joined; an indentation begins a new one.

    Headings of numpy's style keep their line, and so does the rule beneath them.

    Args:
        docstring: in numpy's style, as Python has it.
    """
    lines: list[str] = []
    for line in inspect.cleandoc(docstring).splitlines():
        before = lines[-1] if lines else ""
        goes_on = bool(line) and bool(before) and _indent(line) == _indent(before)
        if goes_on and not line.startswith(RULE) and not before.startswith(RULE):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return "\n".join(lines)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
