"""Questions about facts, and the answers that walking the facts gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.asking.facts import Facts
from benchmarks.asking.forms import KINDS, read_forms
from benchmarks.asking.generate import MOST, Question, generate
from benchmarks.asking.score import Result, table
from benchmarks.asking.sets import FOLDER, questions_of

OWN = sorted(path.stem for path in FOLDER.glob("*.csv"))
FAMILY = """\
subject,relation,object
Ada,parent of,Bo
Ada,parent of,Cy
Bo,parent of,Di
Cy,parent of,Ed
Ada,born,"1,901 days ago"
Bo,born,25 days ago
Cy,born,31 days ago
"""


@pytest.mark.parametrize(
    ("block", "right"),
    [
        ("path ^parent of / ^parent of\n{x}", {"Di": ["Ada"], "Ed": ["Ada"]}),
        ("path ^parent of / parent of\n{x}", {"Bo": ["Bo", "Cy"], "Cy": ["Bo", "Cy"], "Di": ["Di"], "Ed": ["Ed"]}),
        ("path ^parent of / parent of ! start\n{x}", {"Bo": ["Cy"], "Cy": ["Bo"]}),
        ("count parent of\n{x}", {"Ada": ["2"]}),
        ("both parent of & ^born\n{x}, {y}", {"Ada, 25 days ago": ["Bo"], "Ada, 31 days ago": ["Cy"]}),
        ("more born\nwho", {"Who": ["Ada"]}),
        ("less born\nwho", {"Who": ["Bo"]}),
        ("more born: parent of\n{x}", {"Ada": ["Cy"]}),
        ("more born\n{x} {y}", {"Ada Bo": ["Ada"], "Ada Cy": ["Ada"], "Bo Cy": ["Cy"]}),
        ("path born\n{x}\n> missing born: ^parent of", {"Di": [], "Ed": []}),
        ("never\nDi\n> path ^parent of / ^parent of\n{x}", {"Ed": ["Ada"]}),
    ],
)
def test_walking_the_facts_gives_the_answers(tmp_path: Path, block: str, right: dict[str, list[str]]) -> None:
    (tmp_path / "family.csv").write_text(FAMILY, encoding="utf8")
    (tmp_path / "family.forms").write_text(f"> {block}\n", encoding="utf8")
    facts, blocks = Facts.read(tmp_path / "family.csv"), read_forms(tmp_path / "family.forms")
    last = f"{blocks[-1].word} {blocks[-1].asked}"
    questions = [one for seed in range(20) for one in generate(facts, blocks, seed)]
    assert {one.question: one.answers for one in questions if one.path == last} == right


@pytest.mark.parametrize("name", OWN)
def test_a_set_asks_all_kinds_in_all_ways(name: str) -> None:
    questions = questions_of(name, FOLDER / f"{name}.csv")
    assert {one.kind for one in questions} == set(KINDS.values())
    assert {(one.hops, one.form) for one in questions if one.kind == "path"} == {
        (hops, form) for hops in (1, 2, 3) for form in ("template", "paraphrase")
    }
    assert all(len(one.answers) <= MOST for one in questions if one.kind != "comparison")
    assert all(bool(one.answers) == (one.kind != "none") for one in questions)
    assert not [one for one in questions if "{" in one.question]
    assert questions == questions_of(name, FOLDER / f"{name}.csv")


@pytest.mark.parametrize("name", OWN)
def test_a_stranger_is_in_no_fact(name: str) -> None:
    written = (FOLDER / f"{name}.csv").read_text(encoding="utf8").lower()
    blocks = read_forms(FOLDER / f"{name}.forms")
    strangers = [form.text for block in blocks if block.word == "strangers" for form in block.forms]
    assert strangers and not [stranger for stranger in strangers if stranger.lower() in written]


def test_answers_are_the_same_in_any_order_and_case_and_a_refusal_is_right_only_without_an_answer() -> None:
    two = Question("Who?", ["Ada Lund", "Bo"], 1, "path", "template", "path x")
    none = Question("What?", [], 0, "none", "paraphrase", "chat")
    results = [Result(two, ["bo", "ADA  Lund"]), Result(two, ["Bo"]), Result(none, []), Result(none, ["Bo"])]
    assert [result.right for result in results] == [True, False, True, False]
    assert "| 1 hop | 0.50 (2) | 0.50 (2) |" in table({"family": results})


def test_an_unknown_block_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.forms").write_text("> path x\nWho?\n> paht y\n", encoding="utf8")
    with pytest.raises(ValueError, match=r"line 3: unknown 'paht'; accepted: path"):
        read_forms(tmp_path / "a.forms")
