"""Equations in Word documents (Office Math) as plain text in their place, such as `(a + b)/2` and `x^2`."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from retrieval.loaders.archive import parse_xml
from retrieval.loaders.clean import one_line
from retrieval.loaders.ooxml import local_name, read_part

_PART = "word/document.xml"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def inline_equations(archive: zipfile.ZipFile, data: bytes) -> bytes:
    """The .docx with each equation replaced by a run of text; the same bytes where it has none."""
    xml = read_part(archive, _PART)
    if b"oMath" not in xml:
        return data
    from lxml import etree

    root = parse_xml(xml)
    for equation in list(root.iter(f"{_MATH}oMath")):
        run = etree.Element(f"{_WORD}r")
        text = etree.SubElement(run, f"{_WORD}t")
        text.text = f" {one_line(linear(equation))} "
        text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        equation.getparent().replace(equation, run)
    for block in list(root.iter(f"{_MATH}oMathPara")):
        parent = block.getparent()
        for run in block.findall(f"{_WORD}r"):
            parent.insert(parent.index(block), run)
        parent.remove(block)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        for entry in archive.infolist():
            copy.writestr(entry, etree.tostring(root) if entry.filename == _PART else archive.read(entry))
    return target.getvalue()


def linear(node: Any) -> str:
    """One line of text for an Office Math element."""
    kind = local_name(node)
    if kind == "t":
        return str(node.text or "").replace("\u2061", " ")
    if kind == "f":
        return f"{_group(node, 'num')}/{_group(node, 'den')}"
    if kind == "rad":
        degree = _part(node, "deg")
        return f"√({_part(node, 'e')})" if not degree else f"root({degree}, {_part(node, 'e')})"
    if kind in {"sSup", "sSub", "sSubSup"}:
        sub = f"_{_group(node, 'sub')}" if kind != "sSup" else ""
        sup = f"^{_group(node, 'sup')}" if kind != "sSub" else ""
        return f"{_group(node, 'e')}{sub}{sup}"
    if kind == "nary":
        symbol = node.find(f"{_MATH}naryPr/{_MATH}chr")
        sign = symbol.get(f"{_MATH}val", "∫") if symbol is not None else "∫"
        sub, sup = _group(node, "sub"), _group(node, "sup")
        return f"{sign}{'_' + sub if sub else ''}{'^' + sup if sup else ''} {_part(node, 'e')}"
    if kind == "d":
        return f"({', '.join(linear(child) for child in node.findall(f'{_MATH}e'))})"
    if kind == "m":
        rows = [", ".join(linear(cell) for cell in row.findall(f"{_MATH}e")) for row in node.findall(f"{_MATH}mr")]
        return f"[{'; '.join(rows)}]"
    return "".join(linear(child) for child in node)


def _part(node: Any, name: str) -> str:
    child = node.find(f"{_MATH}{name}")
    return linear(child).strip() if child is not None else ""


def _group(node: Any, name: str) -> str:
    text = _part(node, name)
    return text if len(text) < 2 or text.isalnum() or (text[0] == "(" and text[-1] == ")") else f"({text})"
