"""How the demo looks: the theme, and the style sheet and script read from the files beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import gradio as gr

from chatbot.monitor.chart import chart_css

_HERE = Path(__file__).parent

TEAL = gr.themes.Color(
    c50="#f0fdfa",
    c100="#ccfbf1",
    c200="#99f6e4",
    c300="#5eead4",
    c400="#2dd4bf",
    c500="#14b8a6",
    c600="#0d9488",
    c700="#0f766e",
    c800="#115e59",
    c900="#134e4a",
    c950="#042f2e",
)
_SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "PingFang SC", "Microsoft YaHei", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")

THEME = gr.themes.Base(
    primary_hue=TEAL,
    secondary_hue=TEAL,
    neutral_hue=gr.themes.colors.slate,
    radius_size=gr.themes.sizes.radius_md,
    font=_SANS,
    font_mono=_MONO,
).set(
    body_background_fill="#f6f8fa",
    body_background_fill_dark="#0b1220",
    block_background_fill="#ffffff",
    block_background_fill_dark="#111827",
    block_border_width="1px",
    block_border_color="#e2e8f0",
    block_border_color_dark="#253047",
    border_color_primary="#e2e8f0",
    border_color_primary_dark="#253047",
    block_shadow="none",
    block_shadow_dark="none",
    input_background_fill="#ffffff",
    input_background_fill_dark="#111827",
    input_border_color="#cbd5e1",
    input_border_color_dark="#334155",
    button_primary_background_fill="#0f766e",
    button_primary_background_fill_hover="#115e59",
    button_primary_background_fill_dark="#0f766e",
    button_primary_background_fill_hover_dark="#0d9488",
    button_primary_text_color="#ffffff",
    button_primary_text_color_dark="#ffffff",
    button_border_width="1px",
    button_secondary_background_fill="#ffffff",
    button_secondary_background_fill_hover="#f1f5f9",
    button_secondary_background_fill_dark="#1a2437",
    button_secondary_background_fill_hover_dark="#253047",
    button_secondary_border_color="#cbd5e1",
    button_secondary_border_color_dark="#334155",
)
"""System fonts only, so that the page loads nothing from elsewhere."""


@cache
def stylesheet() -> str:
    """The demo's CSS, with that of the chart of news."""
    return (_HERE / "style.css").read_text(encoding="utf8") + chart_css()


@cache
def head() -> str:
    """What goes into the page's head: the script that links citation numbers to their sources."""
    return f"<script>{(_HERE / 'script.js').read_text(encoding='utf8')}</script>"
