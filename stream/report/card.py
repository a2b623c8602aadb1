"""A model card's Markdown as HTML that is safe inside the report."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

DEEPER = 2
"""The card's headings stand below the report's own."""


def card_html(text: str) -> Markup:
    """Markdown with tables as HTML; HTML in it is shown as text.

    Pictures are left out, and so are links into the card's own folder, which is elsewhere.

    Args:
        text: of the card; a block of YAML at its head is left out.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = reader.parse(_without_front_matter(text))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + DEEPER, 6)}"
        token.children = _without_local_links(token.children) if token.children else None
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704  markdown-it escapes


def _without_local_links(tokens: Sequence[Token]) -> list[Token]:
    """Inline tokens of which links without a scheme are only their text."""
    kept, local = [], False
    for token in tokens:
        if token.type == "link_open":
            local = not urlsplit(str(token.attrs["href"])).scheme
        if not (local and token.type in ("link_open", "link_close")):
            kept.append(token)
    return kept


def _without_front_matter(text: str) -> str:
    lines = text.splitlines()
    if lines and lines[0].strip() == "---" and "---" in (line.strip() for line in lines[1:]):
        end = next(n for n, line in enumerate(lines[1:], 1) if line.strip() == "---")
        lines = lines[end + 1 :]
    return "\n".join(lines)
