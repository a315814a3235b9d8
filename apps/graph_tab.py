"""The graph tab: explore the graph, query it in openCypher, take it along as a file."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import gradio as gr

from apps.chat import PRIVATE
from apps.panels import message, table
from apps.shelf import Shelf
from knowledge_graph.draw import page, write_html
from knowledge_graph.explore import Explorer
from knowledge_graph.export import write_graph
from knowledge_graph.facts import RELATED
from knowledge_graph.query import run_cypher, unknown_types
from retrieval.errors import GraftError

LISTED, EMBEDDED = 200, 500
"""Most rows listed, and entities that an exported web page holds."""
EXAMPLES = {
    "Named relations": (
        f'MATCH (a)-[r]->(b)\nWHERE r.relation <> "{RELATED}"\nRETURN a.name, r.relation, b.name\nLIMIT 20'
    ),
    "Topics and what they lead to": "MATCH (a:Topic)-[r]->(b:Name)\nRETURN a.name, r.relation, b.name\nLIMIT 20",
    "Two steps away": "MATCH (a:Topic)-[]->(b)-[]->(c)\nRETURN a.name, b.name, c.name\nLIMIT 20",
}
FORMATS = {
    "Web page to explore offline": ".html",
    "GraphML": ".graphml",
    "JSON (networkx)": ".json",
    "CSV": ".csv",
    "TSV": ".tsv",
    "RDF: Turtle": ".ttl",
    "RDF: N-Triples": ".nt",
    "RDF/XML": ".rdf",
    "RDF: JSON-LD": ".jsonld",
}
"""What the graph can be taken along as."""
ON_ASKED = """addEventListener("message", async ({ source, data }) => {
  const frame = element.querySelector("iframe");
  if (!frame || source !== frame.contentWindow || !data?.what) return;
  const asked = { bot: frame.dataset.bot, what: data.what, given: data.given };
  const reply = await server.explore(asked).catch(() => ({ error: "The server does not answer." }));
  source.postMessage({ id: data.id, ...reply }, "*");
});"""
"""Passes on what the explorer in its frame asks (`knowledge_graph/page/answers.js`); for `gr.HTML`'s `js_on_load`."""
DOWNLOAD = "() => document.querySelector('#download-graph')?.click()"


@dataclass
class GraphTab:
    """The graph's components and what happens to them; made inside a `gr.Blocks`."""

    shelf: Shelf
    bot_name: gr.Dropdown
    given: list[Any] = field(init=False)
    outputs: list[Any] = field(init=False)
    with_darkness: str = "(...given) => [...given.slice(0, -1), document.body.classList.contains('dark')]"

    def __post_init__(self) -> None:
        def explore(asked: Any) -> dict[str, Any]:
            return self._explore(asked)

        self.dark = gr.Checkbox(visible=False)
        self.shown, self.visible = gr.State(""), gr.State(False)
        self.explorer = gr.HTML(elem_id="explorer", js_on_load=ON_ASKED, server_functions=[explore])
        with gr.Row(elem_classes="card-row"):
            with gr.Column(scale=3, min_width=340, elem_id="query"):
                gr.HTML("<h3>Query in openCypher</h3>")
                query = next(iter(EXAMPLES.values()))
                self.cypher = gr.Textbox(
                    query, lines=4, max_lines=12, show_label=False, elem_id="cypher", container=False
                )
                with gr.Row(elem_id="examples"):
                    for label, query in EXAMPLES.items():
                        gr.Button(label, size="sm", min_width=60).click(
                            lambda query=query: query, None, self.cypher, **PRIVATE
                        )
                run = gr.Button("Run query", variant="primary", elem_id="run-query")
                self.rows = gr.HTML(elem_id="rows")
            with gr.Column(scale=2, min_width=340, elem_id="export"):
                gr.HTML("<h3>Take the graph along</h3>")
                as_ = gr.Dropdown(list(FORMATS), label="Format", elem_id="format", filterable=False)
                export = gr.Button("Download", variant="primary", elem_id="export-graph")
                self.file = gr.DownloadButton(visible="hidden", elem_id="download-graph")
                self.exported = gr.HTML(elem_id="exported")
        self.given = [self.bot_name, self.shown, self.visible, self.dark]
        self.outputs = [self.explorer, self.rows, self.exported, self.shown, self.visible]
        run.click(self._query, [self.bot_name, self.cypher], self.rows, **PRIVATE)
        made = export.click(self._export, [self.bot_name, as_], [self.file, self.exported], **PRIVATE)
        made.success(None, js=DOWNLOAD, **PRIVATE)

    def leave(self) -> bool:
        """Another tab is in front."""
        return False

    def enter(self, name: str, shown: str, visible: bool, dark: bool) -> dict[Any, Any]:
        """The tab comes to the front: show the chosen bot."""
        return {**self.follow(name, shown, True, dark), self.visible: True}

    def follow(self, name: str, shown: str, visible: bool, dark: bool) -> dict[Any, Any]:
        """Open the explorer at the best connected entity of a bot, if the tab is in front and does not show it yet."""
        if shown == name or not visible:
            return {self.shown: shown}
        bot = self.shelf.get(name)
        names = bot.graph.search("", 1)
        if names:
            title = bot.config.display_title
            inner = html.escape(page({"start": names[0]}, title, dark))
            told = f'title="Graph of {html.escape(title)}" data-bot="{html.escape(name)}"'
            frame = f'<iframe sandbox="allow-scripts" {told} srcdoc="{inner}"></iframe>'
        else:
            frame = message("This bot has no graph.")
        return {self.explorer: frame, self.rows: "", self.exported: "", self.shown: name}

    def _explore(self, asked: Any) -> dict[str, Any]:
        """Answer the explorer, whatever a browser sends in its name."""
        try:
            graph = self.shelf.get(asked["bot"]).graph
            return {"answer": Explorer(graph).answer(asked["what"], asked["given"])}
        except Exception as error:
            return {"error": _told(error)}

    def _query(self, name: str, cypher: str) -> str:
        graph = self.shelf.get(name).graph
        try:
            columns = run_cypher(graph, cypher)
        except Exception as error:
            return message(_told(error), "error")
        rows = list(zip(*columns.values(), strict=True))
        if not rows:
            why = filter(None, ("The query matches nothing", unknown_types(graph, cypher)))
            return message(f"{'; '.join(why)}.")
        more = message(f"{len(rows)} rows; the first {LISTED} are shown.") if len(rows) > LISTED else ""
        return table(list(columns), rows[:LISTED]) + more

    def _export(self, name: str, format_: str) -> tuple[str | None, str]:
        bot = self.shelf.get(name)
        suffix = FORMATS.get(format_, ".graphml")
        folder = Path(self.file.GRADIO_CACHE) / "graphs"
        made, path = folder / f"{uuid4()}{suffix}", folder / f"{bot.config.name}-graph{suffix}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if suffix == ".html":
                write_html(bot.graph, made, None, EMBEDDED, bot.config.display_title)
            else:
                write_graph(bot.graph, made)
            os.replace(made, path)
        except Exception as error:
            return None, message(_told(error), "error")
        return str(path), message(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, GraftError) else f"Something went wrong: {error or type(error).__name__}"
