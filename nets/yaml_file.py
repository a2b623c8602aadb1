"""Reading what people wrote in YAML: safely, and never one of two values without a word."""

import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from nets.errors import DivergentError

LARGEST = 2**20
"""Bytes; nobody writes more by hand."""

HALF = re.compile("[\ud800-\udfff]")
"""Surrogates, which stand for a character in pairs, and only in UTF-16."""

MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """As YAML's own, but refuses a key that stands twice, of which PyYAML takes the last one.

    And half a character, which nobody could write down again.
    """

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> Any:
        value = super().construct_scalar(node)
        if isinstance(value, str) and HALF.search(value):
            raise yaml.constructor.ConstructorError(
                None, None, f"{value!a} holds half a character", node.start_mark
            )
        return value

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = None if key_node.tag == MERGE else self.construct_object(key_node, deep=True)
            if key is not None and isinstance(key, Hashable):
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key} stands there twice", key_node.start_mark
                    )
                seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, refused: type[DivergentError]) -> Any:
    """What a YAML file says, as plain values.

    Args:
        path: the file, in UTF-8.
        refused: raised where it cannot be read.

    Raises:
        DivergentError: of that type: missing, too large, not text, or not YAML.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise refused(f"{path}: larger than anything that is written by hand")
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506, a safe one
    except OSError as error:
        raise refused(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise refused(f"{path}: cannot be read: byte {error.start} is not UTF-8 text") from error
    except (yaml.YAMLError, RecursionError, ValueError, OverflowError) as error:
        # ValueError: a date that no calendar has, a number of too many digits.
        raise refused(f"{path}: not YAML ({' '.join(str(error).split())})") from error
