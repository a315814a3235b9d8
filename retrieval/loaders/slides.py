"""Presentations (.pptx)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from retrieval.errors import UnreadableFile
from retrieval.loaders.archive import open_archive
from retrieval.loaders.clean import one_line, tidy
from retrieval.loaders.ooxml import core_title, paragraphs
from retrieval.loaders.parsed import Parsed
from retrieval.loaders.tables import pipe_table, render_rows

_SLIDE = re.compile(r"ppt/slides/slide(\d+)\.xml")
_SKIPPED_PLACEHOLDERS = {13, 15, 16}  # slide number, footer, date
_MACHINE_ALT = re.compile(r"\s*(Description|AI-generated content).*$|^.*\.(png|jpe?g|gif|emf|wmf|svg)$", re.DOTALL)


def parse(data: bytes, path: Path) -> Parsed:
    """One section per slide: its title, texts, tables, charts' numbers and the speaker's notes.

    Shapes that cannot be read are left out; a broken package is read slide by slide from its XML instead.
    """
    archive = open_archive(data, ".pptx")
    title = core_title(archive)
    try:
        import pptx

        slides = [_slide(slide) for slide in pptx.Presentation(io.BytesIO(data)).slides]
    except Exception:  # whatever a broken part makes the library raise
        slides = _plain_slides(archive)
    return Parsed(_join(slides), fallback_title=title)


def _plain_slides(archive: ZipFile) -> list[tuple[str, list[str]]]:
    """The paragraphs of the slides that can be read."""
    numbers = sorted(int(match[1]) for name in archive.namelist() if (match := _SLIDE.fullmatch(name)))
    slides, errors = [], []
    for number in numbers:
        try:
            slides.append(("", paragraphs(archive, f"ppt/slides/slide{number}.xml")))
        except UnreadableFile as error:
            errors.append(error)
    if errors and not slides:
        raise errors[0]
    return slides


def _join(slides: list[tuple[str, list[str]]]) -> str:
    sections: list[str] = []
    for number, (title, blocks) in enumerate(slides, 1):
        if title or blocks:
            mark = "#" if title and not sections else "##"
            sections.append("\n\n".join([f"{mark} {title or f'Slide {number}'}", *blocks]))
    return tidy("\n\n".join(sections))


def _slide(slide: Any) -> tuple[str, list[str]]:
    title_shape = slide.shapes.title
    title = one_line(title_shape.text_frame.text) if title_shape is not None else ""
    blocks = []
    for shape in _in_reading_order(slide.shapes):
        if title_shape is None or shape.shape_id != title_shape.shape_id:
            try:
                blocks.append(_shape(shape))
            except Exception:
                continue  # one broken object must not lose the slide
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None and frame.text.strip():
        blocks.append(f"Notes: {tidy(frame.text)}")
    return title, [block for block in blocks if block]


def _in_reading_order(shapes: Iterable[Any]) -> Iterator[Any]:
    """Shapes from top to bottom and left to right, those of groups in their group's place."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if hasattr(shape, "shapes"):
            yield from _in_reading_order(shape.shapes)
        else:
            yield shape


def _shape(shape: Any) -> str:
    if shape.is_placeholder and shape.placeholder_format.type in _SKIPPED_PLACEHOLDERS:
        return ""
    if getattr(shape, "has_table", False):
        return pipe_table([[cell.text for cell in row.cells] for row in shape.table.rows])
    if getattr(shape, "has_chart", False):
        return _chart(shape.chart)
    if shape.has_text_frame:
        return _paragraphs(shape.text_frame.paragraphs, shape.is_placeholder)
    alt = _MACHINE_ALT.sub("", shape._element.xpath("string(.//p:cNvPr/@descr)"))
    return f"Image: {one_line(alt)}" if alt.strip() else ""


def _paragraphs(items: Iterable[Any], listed: bool) -> str:
    """Paragraphs; those of a placeholder are the slide's bullets, indented by level."""
    lines = [("  " * item.level, one_line("".join(run.text for run in item.runs) or item.text)) for item in items]
    filled = [(pad, text) for pad, text in lines if text]
    if listed and len(filled) > 1:
        return "\n".join(f"{pad}- {text}" for pad, text in filled)
    return "\n".join(text for _, text in filled)


def _chart(chart: Any) -> str:
    title = one_line(chart.chart_title.text_frame.text) if chart.has_title else ""
    plot = chart.plots[0]
    categories = [str(category) for category in plot.categories]
    rows = [["", *(one_line(series.name) for series in plot.series)]]
    values = [list(series.values) for series in plot.series]
    for index, category in enumerate(categories):
        rows.append([category, *(_number(column[index]) if index < len(column) else "" for column in values)])
    return "\n\n".join(part for part in (f"Chart: {title}" if title else "", render_rows(rows)) if part)


def _number(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
