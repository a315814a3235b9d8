"""Word documents (.docx)."""

from __future__ import annotations

import io
from pathlib import Path

from retrieval.loaders.archive import open_archive, parse_xml
from retrieval.loaders.equations import inline_equations
from retrieval.loaders.html import html_to_markdown
from retrieval.loaders.ooxml import core_title, paragraphs, read_part
from retrieval.loaders.parsed import Parsed

_MAIN = "word/document.xml"
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Quote'] => p:fresh
p[style-name='Intense Quote'] => p:fresh
"""


def parse(data: bytes, path: Path) -> Parsed:
    """Headings by style, lists, tables, footnotes and equations; comments and images are left out.

    A document that has a broken part (a missing image, a bad checksum) is read paragraph by paragraph instead.
    """
    import mammoth

    archive = open_archive(data, ".docx")
    parse_xml(read_part(archive, _MAIN))
    title = core_title(archive)
    try:
        html = mammoth.convert_to_html(
            io.BytesIO(inline_equations(archive, data)),
            style_map=_STYLES,
            convert_image=mammoth.images.img_element(lambda image: {}),
            include_embedded_style_map=False,
        ).value
        text = html_to_markdown(html)
    except Exception:  # whatever a broken part makes the libraries raise
        text = "\n\n".join(paragraphs(archive, _MAIN))
    return Parsed(text, fallback_title=title)
