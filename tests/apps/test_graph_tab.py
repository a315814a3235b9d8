"""The graph tab hands out a safe explorer, answers it whatever it is asked, and exports in every format."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from apps.graph_tab import FORMATS, GraphTab
from apps.shelf import Shelf
from chatbot.bot import Bot
from chatbot.build import build
from knowledge_graph import export
from retrieval.encoder import Encoder
from tests.chatbot.small_bot import write_bot

TITLE = 'North"><script>alert(1)</script>'


@pytest.fixture
def tab(tmp_path: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> GraphTab:
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))
    source = write_bot(tmp_path / "northwind", title=TITLE)
    build(source, encoder=encoder)
    shelf = Shelf([Bot.open(source, encoder)])
    with gr.Blocks(analytics_enabled=False):
        return GraphTab(shelf, gr.Dropdown(shelf.choices))


def test_the_explorer_opens_when_the_tab_comes_to_the_front(tab: GraphTab) -> None:
    assert tab.explorer not in tab.follow("northwind", "", False, False)
    frame = tab.enter("northwind", "", False, True)[tab.explorer]
    assert frame.count("<") == 2 and frame.startswith('<iframe sandbox="allow-scripts" title="Graph of North&quot;')
    assert 'data-theme="dark"' in html.unescape(frame)
    assert tab.explorer not in tab.enter("northwind", "northwind", True, True)


def test_the_explorer_is_answered(tab: GraphTab) -> None:
    (name, *_) = tab._explore({"bot": "northwind", "what": "search", "given": [""]})["answer"]
    part = tab._explore({"bot": "northwind", "what": "around", "given": [name, [], 5]})["answer"]
    assert part["centre"] == name and part["nodes"]
    odd: list[Any] = [None, [], {}, {"bot": "northwind"}, {"bot": [], "what": {}, "given": 1}]
    assert all(set(tab._explore(asked)) == {"error"} for asked in odd)
    told = tab._explore({"bot": "northwind", "what": "around", "given": ["Nobody Here", [], 5]})
    assert told == {"error": "no entity named 'Nobody Here' in the graph"}


def test_the_graph_is_exported_in_every_format(tab: GraphTab) -> None:
    assert set(FORMATS.values()) == {".html", *export.FORMATS}
    for format_, suffix in [*FORMATS.items()] * 2:  # the second download takes the place of the first
        path, told = tab._export("northwind", format_)
        assert path and Path(path).name == f"northwind-graph{suffix}" and Path(path).stat().st_size > 100
        assert "MB" in told
    assert len(list(Path(path).parent.iterdir())) == len(FORMATS)
