"""Public sample files of other people."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.errors import UnreadableFile
from retrieval.loaders import load

REPOSITORY = Path(__file__).parents[3]
SAMPLES = REPOSITORY / "../shared/data/markitdown_docs/test_files"

EXPECTED = {
    "test.docx": ("AutoGen: Enabling Next-Gen LLM Applications", "## "),
    "test.pptx": ("| ColA | ColB |", "AutoGen", "1b92870d-e3b5-4e65-8153-919f4ff45592"),
    "test.xlsx": ("Alpha: 89; Beta: 82", "6ff4173b-42a5-4784-9b19-f49caff4d93d", "| 1 | 2 | 3 | 4 |"),
    "test.epub": ("# Chapter 1: Test Content", "- A bullet point"),
    "test.pdf": ("# 1 Introduction", "feasibility and utility thanks to recent"),
    "equations.docx": ("θ", "mm)/(2.5 mm"),
    "test_mskanji.csv": ("| 佐藤太郎 | 30 | 東京 |",),
    "test_blog.html": ("# Does Model and Inference Parameter Matter", "**TL;DR:**"),
    "test_wikipedia.html": ("# Microsoft", "| Founded | April 4, 1975"),
    "REPAIR-2022-INV-001_multipage.pdf": ("| Insured name | Gabriel Diaz | Year | 2022 |", "GRAND TOTAL 211,522"),
    "SPARSE-2024-INV-1234_borderless_table.pdf": ("| SKU-8847 | A-12 | 450 |", "should be reviewed to prevent"),
    "RECEIPT-2024-TXN-98765_retail_purchase.pdf": ("# TECHMART ELECTRONICS", "SUBTOTAL $863.91"),
}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the public samples are not here")
def test_public_samples() -> None:
    refused = {}
    for path in sorted(SAMPLES.iterdir()):
        if path.is_dir():
            continue
        try:
            document = load(path, SAMPLES)
        except UnreadableFile as error:
            refused[path.name] = str(error)
            continue
        for phrase in EXPECTED.get(path.name, ()):
            assert phrase in document.text, (path.name, phrase)
        assert document.title and "\x00" not in document.text and "base64" not in document.text
        assert "NaN" not in document.text and "Unnamed" not in document.text
    assert not refused.keys() & EXPECTED.keys()
    assert refused.pop("MEDRPT-2024-PAT-3847_medical_report_scan.pdf").startswith("no text found (a scanned PDF?")
    assert all(text.startswith("unsupported format") for text in refused.values())
