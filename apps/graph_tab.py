"""The graph tab: look at an entity's neighbourhood, find the path between two, query in openCypher."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from apps.chat import PRIVATE
from apps.panels import facts_table, message, table
from apps.shelf import Shelf
from knowledge_graph import Fact
from knowledge_graph.draw import drawing
from knowledge_graph.facts import RELATED
from knowledge_graph.query import run_cypher, unknown_types
from retrieval.errors import GraftError

DRAWN, LISTED, SUGGESTED = 40, 200, 1_000
"""Most entities drawn, rows listed, and names to choose from; any other name can be typed."""
EXAMPLES = {
    "Named relations": (
        f'MATCH (a)-[r]->(b)\nWHERE r.relation <> "{RELATED}"\nRETURN a.name, r.relation, b.name\nLIMIT 20'
    ),
    "Topics and what they lead to": "MATCH (a:Topic)-[r]->(b:Name)\nRETURN a.name, r.relation, b.name\nLIMIT 20",
    "Two steps away": "MATCH (a:Topic)-[]->(b)-[]->(c)\nRETURN a.name, b.name, c.name\nLIMIT 20",
}
HINT = message("Choose two entities to see the chain of facts that connects them.")


@dataclass
class GraphTab:
    """The graph's components and what happens to them; made inside a `gr.Blocks`."""

    shelf: Shelf
    bot_name: gr.Dropdown
    given: list[Any] = field(init=False)
    outputs: list[Any] = field(init=False)
    with_darkness: str = "(...given) => [...given.slice(0, -1), document.body.classList.contains('dark')]"

    def __post_init__(self) -> None:
        self.dark = gr.Checkbox(visible=False)
        self.shown, self.visible = gr.State(""), gr.State(False)
        with gr.Row(elem_classes="card-row"):
            with gr.Column(scale=3, min_width=340):
                self.entity = _chooser("Entity", "entity")
                self.picture = gr.HTML(elem_id="picture")
            with gr.Column(scale=2, min_width=340):
                self.facts = gr.HTML(elem_id="facts")
        with gr.Row(elem_classes="card-row"):
            with gr.Column(scale=1, min_width=340, elem_id="path"):
                gr.HTML("<h3>Path between two entities</h3>")
                with gr.Row():
                    self.start, self.end = _chooser("From", "path-from"), _chooser("To", "path-to")
                find = gr.Button("Find path", variant="primary", elem_id="find-path")
                self.chain = gr.HTML(HINT, elem_id="chain")
            with gr.Column(scale=1, min_width=340, elem_id="query"):
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
        self.given = [self.bot_name, self.entity, self.shown, self.visible, self.dark]
        choosers, pages = [self.entity, self.start, self.end], [self.picture, self.facts, self.chain, self.rows]
        self.outputs = [*choosers, *pages, self.shown, self.visible]
        around = [self.picture, self.facts]
        self.entity.input(self._look, self.given, around, js=self.with_darkness, **PRIVATE)
        find.click(self._path, [self.bot_name, self.start, self.end], self.chain, **PRIVATE)
        run.click(self._query, [self.bot_name, self.cypher], self.rows, **PRIVATE)

    def leave(self) -> bool:
        """Another tab is in front."""
        return False

    def enter(self, name: str, entity: str | None, shown: str, visible: bool, dark: bool) -> dict[Any, Any]:
        """The tab comes to the front: show the chosen bot."""
        return {**self.follow(name, entity, shown, True, dark), self.visible: True}

    def follow(self, name: str, entity: str | None, shown: str, visible: bool, dark: bool) -> dict[Any, Any]:
        """Draw the best connected entity of a bot, if the tab is in front and does not show that bot yet."""
        if shown == name or not visible:
            return {self.shown: shown}
        names = self.shelf.get(name).graph.search("", SUGGESTED)
        first = names[0] if names else None
        picture, facts = self._look(name, first, name, True, dark) if first else (message("This bot has no graph."), "")
        return {
            self.entity: gr.Dropdown(choices=names, value=first),
            self.start: gr.Dropdown(choices=names, value=None),
            self.end: gr.Dropdown(choices=names, value=None),
            self.picture: picture,
            self.facts: facts,
            self.chain: HINT,
            self.rows: "",
            self.shown: name,
        }

    def _look(self, name: str, entity: str | None, shown: str, visible: bool, dark: bool) -> tuple[str, str]:
        if not entity:
            return message("Choose an entity to see what is around it."), ""
        graph = self.shelf.get(name).graph
        try:
            part = graph.neighbourhood(entity, limit=DRAWN)
            centre = graph.resolve(entity)
            page = drawing(part, centre, dark, height="100vh")
        except Exception as error:
            return _failure(error), ""
        title = html.escape(centre)
        frame = f'<iframe sandbox="allow-scripts" title="Graph around {title}" srcdoc="{html.escape(page)}"></iframe>'
        facts = sorted(_facts_of(part), key=lambda f: (f.relation == RELATED, centre not in (f.subject, f.object)))
        return frame, f"<h3>{title}</h3>{facts_table(facts[:LISTED])}"

    def _path(self, name: str, start: str | None, end: str | None) -> str:
        if not start or not end:
            return HINT
        try:
            facts = self.shelf.get(name).graph.path(start, end)
        except Exception as error:
            return _failure(error)
        if not facts:
            return message(f"There is no path between {start} and {end}.")
        return facts_table(facts)

    def _query(self, name: str, cypher: str) -> str:
        graph = self.shelf.get(name).graph
        try:
            columns = run_cypher(graph, cypher)
        except Exception as error:
            return _failure(error)
        rows = list(zip(*columns.values(), strict=True))
        if not rows:
            why = filter(None, ("The query matches nothing", unknown_types(graph, cypher)))
            return message(f"{'; '.join(why)}.")
        more = message(f"{len(rows)} rows; the first {LISTED} are shown.") if len(rows) > LISTED else ""
        return table(list(columns), rows[:LISTED]) + more


def _chooser(label: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown([], label=label, elem_id=elem_id, allow_custom_value=True, interactive=True)


def _facts_of(part: Any) -> list[Fact]:
    return [
        Fact(subject, data["relation"], object_, tuple(data["chunks"]))
        for subject, object_, data in part.edges(data=True)
    ]


def _failure(error: Exception) -> str:
    text = str(error) if isinstance(error, GraftError) else f"Something went wrong: {error or type(error).__name__}"
    return message(text, "error")
