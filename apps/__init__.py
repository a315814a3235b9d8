"""The Gradio apps, and the bundled bots: a folder each, of config, documents and questions."""

from __future__ import annotations

from pathlib import Path

BUNDLED = Path(__file__).parent
"""The folder that holds the bundled bots."""
