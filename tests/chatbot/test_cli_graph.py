"""`graft graph`: asked in openCypher, walked, drawn and exported."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import networkx
import pytest
from typer.testing import CliRunner, Result

from chatbot.build import build
from chatbot.cli.main import app
from retrieval.encoder import Encoder
from retrieval.errors import GraftError
from tests.chatbot.small_bot import write_bot

BRANCHES = (
    "# Branches\n\n## Harbour branch\n\nThe Harbour branch opens at 9 o'clock on weekdays. "
    "The Harbour branch belongs to Northwind Bank.\n\n## Hill branch\n\nThe Hill branch is closed on Mondays.\n"
)
TRIPLES = (
    "Nora Lindqvist,manages,Harbour branch\nAda Byron,advises,Nora Lindqvist\nMoon base,orbits,Far planet\n"
    "Bo Strand,assists,Nora Lindqvist\nBo Strand,knows,Ada Byron\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    path = tmp_path_factory.mktemp("graph") / "bot"
    path.mkdir()
    (path / "facts.csv").write_text(TRIPLES, encoding="utf8")
    build(write_bot(path, {"branches.md": BRANCHES}, graph={"triples": ["facts.csv"]}), encoder=encoder)
    return path


def graft(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["graph", *(str(argument) for argument in arguments)])


def test_query_gives_rows_as_json_or_as_a_table(folder: Path) -> None:
    cypher = "MATCH (a)-[r:MANAGES]->(b) RETURN a.name, r.relation, b.name"
    result = graft("query", folder, cypher, "--json")
    assert json.loads(result.stdout) == [
        {"a.name": "Nora Lindqvist", "r.relation": "manages", "b.name": "Harbour branch"}
    ]
    table = graft("query", folder, cypher)
    assert table.stdout == "a.name\tr.relation\tb.name\nNora Lindqvist\tmanages\tHarbour branch\n"
    assert table.stderr == "1 row\n"
    empty = graft("query", folder, "MATCH (a:Person) RETURN a.name")
    assert empty.stderr == "0 rows\nthe graph has no kind of node and no relation named Person\n"
    assert json.loads(graft("query", folder, "MATCH (a {name: 'Nobody'}) RETURN a.name", "--json").stdout) == []


@pytest.mark.parametrize("cypher", ["DELETE everything", "MATCH (a", "MATCH (a) RETURN", "", "SELECT * FROM nodes"])
def test_a_query_that_is_none_is_one_line(folder: Path, cypher: str) -> None:
    result = graft("query", folder, cypher, "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1


def test_path_chains_facts_in_either_direction(folder: Path) -> None:
    facts = json.loads(graft("path", folder, "ada byron", "Northwind Bank", "--json").stdout)
    assert [(fact["subject"], fact["relation"], fact["object"]) for fact in facts] == [
        ("Ada Byron", "advises", "Nora Lindqvist"),
        ("Nora Lindqvist", "manages", "Harbour branch"),
        ("Harbour branch", "part_of", "Northwind Bank"),
    ]
    assert facts[2]["provenance"] == ["branches.md#0"]
    lines = graft("path", folder, "Ada Byron", "Northwind Bank").stdout.splitlines()
    assert lines[2] == "Harbour branch — part of → Northwind Bank   (branches.md#0)"


def test_no_path_and_no_such_entity(folder: Path) -> None:
    apart = graft("path", folder, "Moon base", "Northwind Bank")
    assert (apart.exit_code, apart.stdout) == (0, "")
    assert apart.stderr == "no path between Moon base and Northwind Bank\n"
    assert json.loads(graft("path", folder, "Moon base", "Northwind Bank", "--json").stdout) == []
    assert graft("path", folder, "Moon base", "moon bases").stderr == "Moon base and moon bases are the same entity\n"
    unknown = graft("path", folder, "Nora Lindquist", "Northwind Bank")
    assert unknown.exit_code == 2
    assert unknown.stderr == "error: no entity named 'Nora Lindquist' in the graph; did you mean Nora Lindqvist?\n"


def test_neighbours_are_the_facts_about_one_entity(folder: Path) -> None:
    lines = graft("neighbours", folder, "Nora Lindqvist").stdout.splitlines()
    assert "Ada Byron — advises → Nora Lindqvist" in lines
    assert "Nora Lindqvist — manages → Harbour branch" in lines
    facts = json.loads(graft("neighbours", folder, "Nora Lindqvist", "--json").stdout)
    assert {fact["relation"] for fact in facts} >= {"advises", "manages"}
    assert all("Nora Lindqvist" in (fact["subject"], fact["object"]) for fact in facts)


def test_an_entity_that_is_no_text_is_not_found_in_one_line(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / os.fsdecode(b"\xff\n.html")
    for arguments in (
        ["neighbours", folder, "\udcff\x1b[2J"],
        ["path", folder, "\udcff", "Nora Lindqvist"],
        ["show", folder, "-o", page, "--entity", "\udcff\n"],
    ):
        result = graft(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(r"error: no entity named '\udcff") and result.stderr[:-1].isprintable()
    assert graft("show", folder, "-o", page).stdout.startswith(rf"{tmp_path}/\udcff\n.html: ")
    assert "Nora Lindqvist" in page.read_text(encoding="utf8")


def test_show_draws_a_page_that_needs_no_network(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "graph.html"
    result = graft("show", folder, "-o", page)
    count = int(re.fullmatch(rf"{page}: (\d+) entities\n", result.stdout)[1])  # type: ignore[index]
    text = page.read_text(encoding="utf8")
    assert count > 5 and "Nora Lindqvist" in text and "<title>Northwind: knowledge graph</title>" in text
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)\s*=\s*[\"']?(?:https?:)?//", text)
    near = graft("show", folder, "-o", page, "--entity", "Moon base", "--limit", "10")
    assert near.stdout == f"{page}: 2 entities\n"
    assert "Nora Lindqvist" not in page.read_text(encoding="utf8")


def test_export_writes_graphs_that_other_tools_read(folder: Path, tmp_path: Path) -> None:
    for name in ("graph.graphml", "graph.json"):
        result = graft("export", folder, "-o", tmp_path / name)
        assert result.exit_code == 0
    graphml = networkx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    data = json.loads((tmp_path / "graph.json").read_text(encoding="utf8"))
    graph = networkx.node_link_graph(data, edges="edges")
    for read in (graphml, graph):
        relations = {(u, d["relation"], v) for u, v, d in read.edges(data=True)}
        assert ("Nora Lindqvist", "manages", "Harbour branch") in relations
        assert ("Harbour branch", "part_of", "Northwind Bank") in relations
    assert set(graphml) == set(graph)
    assert result.stdout == f"{tmp_path}/graph.json: {len(graph)} nodes, {graph.number_of_edges()} edges\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["export", "-o", "{tmp}/graph.foo"],
            "unknown graph format '.foo'; accepted: .graphml, .json, .csv, .tsv, .ttl, .nt, .rdf, .jsonld",
        ),
        (["export", "-o", "{tmp}/none/graph.json"], "cannot write {tmp}/none/graph.json: No such file or directory"),
        (["show", "-o", "{tmp}/none/graph.html"], "cannot write {tmp}/none/graph.html: No such file or directory"),
        (["show", "-o", "{tmp}/bot.yaml"], "the drawing is an HTML page; bot.yaml must end in .html"),
        (["show", "-o", "{tmp}/x.html", "--entity", "Nobody Here"], "no entity named 'Nobody Here' in the graph"),
    ],
)
def test_what_cannot_be_written_or_found_is_one_line(
    folder: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    command, *options = [argument.format(tmp=tmp_path) for argument in arguments]
    result = graft(command, folder, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: {message.format(tmp=tmp_path)}\n"


def test_stats_say_what_the_graph_holds(folder: Path) -> None:
    report = json.loads(graft("stats", folder, "--json").stdout)
    assert report["documents"] == 1 and report["edges"]["manages"] == 1 and "Branches" in report["isolated"]
    told = dict(re.findall(r"^(\w[\w ]*?)  +(.*)$", graft("stats", folder).stdout, re.MULTILINE))
    assert told["entities"].startswith(f"{sum(report['nodes'].values())}: ")
    assert told["coverage"].startswith("1 of 1 documents name an entity")
    assert "Branches" in told["isolated"] and "ambiguous" not in told


def test_a_bare_set_of_facts_becomes_a_bot(tmp_path: Path) -> None:
    (tmp_path / "space.tsv").write_text("Mars\thas_moon\tPhobos\nPhobos\tdiscovered_by\tAsaph Hall\n", encoding="utf8")
    made = graft("import", tmp_path / "space", tmp_path / "space.tsv")
    assert [Path(line).name for line in made.stdout.splitlines()] == ["bot.yaml", "facts.csv", ".gitignore"]
    assert made.stderr.startswith("2 facts; now: graft graph stats ")
    path = json.loads(graft("path", tmp_path / "space", "Mars", "Asaph Hall", "--json").stdout)
    assert [(fact["subject"], fact["relation"], fact["object"]) for fact in path] == [
        ("Mars", "has_moon", "Phobos"),
        ("Phobos", "discovered_by", "Asaph Hall"),
    ]
    assert all(fact["provenance"] for fact in path)
    asked = CliRunner().invoke(app, ["chat", str(tmp_path / "space"), "--once", "Who discovered Phobos?"])
    assert asked.stdout.startswith("Asaph Hall\n\n- Phobos discovered by: Asaph Hall [1]\n")
    (tmp_path / "none.csv").write_text("subject,relation,object\n", encoding="utf8")
    for folder, reason in (("space", "exists and is not empty"), ("other", "there is no fact to make a bot of")):
        file = "space.tsv" if folder == "space" else "none.csv"
        refused = graft("import", tmp_path / folder, tmp_path / file)
        assert refused.exit_code == 2 and reason in refused.stderr


def test_communities_are_told_with_their_members(folder: Path) -> None:
    (one,) = json.loads(graft("communities", folder, "--json").stdout)
    assert set(one["members"]) == {"Nora Lindqvist", "Ada Byron", "Bo Strand"}
    assert one["name"] == ", ".join(one["members"][:2])
    assert graft("communities", folder).stdout == f"{one['name']} (3): {'; '.join(one['members'])}\n"


def test_ask_answers_one_question_or_those_of_a_file(folder: Path, tmp_path: Path) -> None:
    result = graft("ask", folder, "Who manages the Harbour branch?")
    assert result.stdout.splitlines()[:2] == [
        "Nora Lindqvist",
        "  Nora Lindqvist — manages → Harbour branch",
    ]
    file = tmp_path / "asked.jsonl"
    file.write_text(
        '{"question": "Whom does Ada Byron advise?"}\n\n{"question": "How tall is Ada Byron?"}\n', encoding="utf8"
    )
    told = json.loads(graft("ask", folder, "--questions", file, "--json").stdout)
    assert [each["answers"] for each in told] == [["Nora Lindqvist"], []]
    assert told[0]["path"] == [
        {"subject": "Ada Byron", "relation": "advises", "object": "Nora Lindqvist", "provenance": []}
    ]
    assert told[1]["why"]
    assert graft("ask", folder, "--questions", file).stdout.splitlines()[-1].startswith("No answer: ")


def test_ask_wants_one_question_or_a_file_of_them(folder: Path, tmp_path: Path) -> None:
    for arguments in ([], ["Who?", "--questions", tmp_path / "q.jsonl"], ["--questions", tmp_path / "absent.jsonl"]):
        result = graft("ask", folder, *arguments)
        assert result.exit_code == 2 and result.stderr.startswith("error: ")
    (tmp_path / "bad.jsonl").write_text('{"question": 3}\n', encoding="utf8")
    assert (
        "bad.jsonl:1: expected an object with a `question`"
        in graft("ask", folder, "--questions", tmp_path / "bad.jsonl").stderr
    )


def test_similar_says_when_there_is_none(folder: Path) -> None:
    result = graft("similar", folder, "Moon base")
    assert result.exit_code == 0 and "states nothing of another entity" in result.stderr
    assert json.loads(graft("similar", folder, "Harbour branch", "--json").stdout) == []


def test_merges_are_listed_and_undone_by_an_aliases_file(tmp_path: Path, encoder: Encoder) -> None:
    desk = "# Desks\n\nThe Night Desk answers. Ask the Night-Desk, or the Night Desk. The Owl is on duty.\n"
    (tmp_path / "aliases.csv").write_text("alias,name\nOwl,Night Desk\n", encoding="utf8")
    source = write_bot(tmp_path, {"desks.md": desk}, graph={"aliases": ["aliases.csv"]})
    build(source, encoder=encoder)
    owl = {"name": "Owl", "entity": "Night Desk", "through": "Night Desk", "rule": "alias", "evidence": 1.0}
    spelled = owl | {"name": "Night-Desk", "rule": "spelling"}
    assert json.loads(graft("merges", tmp_path, "--json").stdout) == [spelled, owl]
    (tmp_path / "aliases.csv").write_text("Night-Desk,Night Desk,different\n", encoding="utf8")
    build(source, encoder=encoder)
    result = graft("merges", tmp_path)
    assert (result.stdout, result.stderr) == ("", "0 merges\n")
    (tmp_path / "aliases.csv").write_text("Night-Desk,Night Desk,unlike\n", encoding="utf8")
    with pytest.raises(GraftError, match=r"aliases\.csv: row 1: the third column must be same or different"):
        build(source, encoder=encoder)
