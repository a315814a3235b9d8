"""Web pages: the content without what surrounds it, as Markdown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.loaders.clean import one_line, tidy
from retrieval.loaders.encoding import decode
from retrieval.loaders.html_tables import replace_tables
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.titles import sensible

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_NOISE = [
    "script",
    "style",
    "noscript",
    "template",
    "iframe",
    "object",
    "embed",
    "svg",
    "canvas",
    "audio",
    "video",
    "form",
    "button",
    "select",
    "input",
    "textarea",
    "dialog",
    "nav",
    "aside",
    "footer",
]
_NOISE_ROLES = ("navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alert", "menu")
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NOISE_CLASSES = frozenset(
    [
        "sr-only",
        "visually-hidden",
        "screen-reader-text",
        "skip-link",
        "breadcrumb",
        "breadcrumbs",
        "cookie-banner",
        "cookie-consent",
        "pagination",
        "noprint",
        "navbox",
        "navbar",
        "sidebar",
        "toc",
        "table-of-contents",
        "mw-editsection",
        "mw-jump-link",
        "hash-link",
    ]
)
_MIN_SHARE = 0.3  # of the page's text that <main> or <article> must hold to be taken for the content
_MAX_DEPTH = 150


def parse(data: bytes, path: Path) -> Parsed:
    """A page's main content; the title is the page's `<title>` where no heading is left."""
    soup = _soup(decode(data))
    title = sensible(soup.title.get_text()) if soup.title else ""
    return Parsed(page_to_markdown(soup), fallback_title=title)


def html_to_markdown(html: str) -> str:
    """Markdown of an HTML fragment (headings, lists, tables, emphasis), without images and hidden parts."""
    return page_to_markdown(_soup(html))


def page_to_markdown(soup: BeautifulSoup) -> str:
    """Markdown of a page's main content."""
    _drop_noise(soup)
    return to_markdown(_content(soup))


def to_markdown(node: Tag) -> str:
    """Markdown of an element; text alone where elements are nested too deeply to convert."""
    replace_tables(node)
    if _depth(node) <= _MAX_DEPTH:
        from markdownify import ATX, MarkdownConverter

        converter = MarkdownConverter(
            heading_style=ATX,
            bullets="-",
            escape_asterisks=False,
            escape_underscores=False,
            escape_misc=False,
            strip=["img"],
        )
        try:
            return tidy(converter.convert_soup(node))
        except RecursionError:
            pass
    return tidy("\n".join(line for line in map(one_line, node.get_text("\n").split("\n")) if line))


def _soup(html: str) -> BeautifulSoup:
    from bs4 import BeautifulSoup

    # An XML declaration naming another encoding than the decoded text's would be an error for lxml.
    return BeautifulSoup(re.sub(r"\A\s*<\?xml[^>]*\?>", "", html), "lxml")


def _drop_noise(soup: BeautifulSoup) -> None:
    from bs4 import Comment

    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in soup.find_all(_NOISE):
        # ASP.NET pages wrap everything in one form.
        if tag.name == "form" and len(tag.get_text()) > 0.5 * len(soup.get_text()):
            tag.unwrap()
        elif not tag.decomposed:
            tag.decompose()
    for tag in soup.find_all(_is_noise):
        if not tag.decomposed:
            tag.decompose()
    # What is left of headers holds the title; lists in them are menus.
    for menu in soup.select("header ul, header ol, header dl"):
        if not menu.decomposed:
            menu.decompose()
    # Addresses drown the words around them in an index; the links' texts stay.
    for link in soup.find_all("a"):
        link.unwrap()


def _is_noise(tag: Tag) -> bool:
    if tag.name in ("html", "body", "main", "article"):
        return False
    if tag.has_attr("hidden") or tag.get("aria-hidden") == "true" or tag.get("role") in _NOISE_ROLES:
        return True
    if not _NOISE_CLASSES.isdisjoint(tag.get_attribute_list("class")):
        return True
    if _HIDDEN_STYLE.search(str(tag.get("style", ""))):
        return True
    # A page's header is noise; that of an article holds its title.
    return tag.name == "header" and tag.find_parent(["main", "article", "section"]) is None and tag.find("h1") is None


def _content(soup: BeautifulSoup) -> Tag:
    whole = len(soup.get_text(strip=True))
    for candidates in (soup.find_all("main"), soup.select("[role=main]"), soup.find_all("article")):
        if len(candidates) == 1 and len(candidates[0].get_text(strip=True)) >= _MIN_SHARE * whole:
            return candidates[0]
    return soup.body or soup


def _depth(node: Tag) -> int:
    """The deepest nesting below the element, found without recursion."""
    deepest, level = 0, [node]
    while level and deepest <= _MAX_DEPTH:
        level = [child for tag in level for child in tag.find_all(True, recursive=False)]
        deepest += 1
    return deepest
