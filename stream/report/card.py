"""A model card's Markdown as HTML that is safe inside the report."""

from markdown_it import MarkdownIt
from markupsafe import Markup

DEEPER = 2
"""The card's headings stand below the report's own."""


def card_html(text: str) -> Markup:
    """Markdown with tables as HTML; HTML in it is shown as text, and pictures are left out.

    Args:
        text: of the card; a block of YAML at its head is left out.
    """
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = reader.parse(_without_front_matter(text))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + DEEPER, 6)}"
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704  markdown-it escapes


def _without_front_matter(text: str) -> str:
    lines = text.splitlines()
    if lines and lines[0].strip() == "---" and "---" in (line.strip() for line in lines[1:]):
        end = next(n for n, line in enumerate(lines[1:], 1) if line.strip() == "---")
        lines = lines[end + 1 :]
    return "\n".join(lines)
