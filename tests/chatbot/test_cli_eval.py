"""`graft eval`: a bot on its own questions, and the engine on sets in BEIR's and SQuAD's layouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from chatbot.cli.main import app

QUESTIONS: list[dict[str, Any]] = [
    {"question": "What does a replacement card cost?", "answer": "9 euros", "documents": ["cards.md"]},
    {"question": "When does the Harbour branch open?", "answer": "9 o'clock", "documents": ["branches.md"]},
    {"question": "How fast are instant transfers?", "answer": "ten seconds", "documents": ["transfers.txt"]},
    {"question": "What is the capital of France?", "answer": None, "documents": []},
]
CORPUS = {
    "d1": ("Volcanoes", "A volcano is an opening through which molten rock leaves the crust of a planet."),
    "d2": ("Bread", "Sourdough bread rises because wild yeast ferments the flour."),
    "d3": ("Tides", "The tides of the sea follow the pull of the moon and the sun."),
    "d4": ("Bees", "Honey bees dance to tell their sisters where flowers are."),
}


def graft(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["eval", *(str(argument) for argument in arguments)])


def error_line(*arguments: object) -> str:
    result = graft(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1
    return result.stderr.strip()


def write_lines(path: Path, entries: list[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries), encoding="utf8")
    return path


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    write_lines(folder / "corpus.jsonl", [{"_id": k, "title": t, "text": x} for k, (t, x) in CORPUS.items()])
    write_lines(
        folder / "queries.jsonl",
        [
            {"_id": "q1", "text": "Why does sourdough bread rise?"},
            {"_id": "q2", "text": "How do bees tell each other where flowers are?"},
            {"_id": "q3", "text": "An unjudged question"},
        ],
    )
    (folder / "qrels").mkdir()
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\td4\t1\nq2\td1\t0\n", "utf8")
    return folder


def test_a_bot_is_measured_on_its_questions(northwind_folder: Path, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "mine.jsonl", QUESTIONS)
    result = graft(northwind_folder, "--data", data, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert report["bot"] == "northwind"
    assert report["retrieval"] == {"recall@1": 1.0, "recall@5": 1.0, "mrr": 1.0}
    assert set(report["answers"]) >= {"f1", "cited_sentence_hit", "citations_valid"}
    assert report["answers"]["cited_sentence_hit"] == report["answers"]["citations_valid"] == 1.0
    assert 0.2 < report["answers"]["f1"] < 1.0, "sentences hold more words than the answers"
    assert report["abstention"] == {"precision": 1.0, "recall": 1.0}
    assert 0 < report["latency_ms"]["p50"] <= report["latency_ms"]["p95"]


def test_wrong_expectations_lower_the_scores(northwind_folder: Path, tmp_path: Path) -> None:
    wrong = [
        {**QUESTIONS[0], "answer": "a camel", "documents": ["branches.md"]},
        {**QUESTIONS[1], "answer": None, "documents": []},
    ]
    report = json.loads(graft(northwind_folder, "--data", write_lines(tmp_path / "x.jsonl", wrong), "--json").stdout)
    assert report["retrieval"]["recall@1"] == 0 and report["retrieval"]["mrr"] < 1
    assert report["answers"]["cited_sentence_hit"] == 0 and report["answers"]["citations_valid"] == 1
    assert report["abstention"]["recall"] == 0
    assert [failure["question"] for failure in report["failures"]] == [case["question"] for case in wrong]


def test_the_questions_beside_the_config_are_the_default(northwind_folder: Path) -> None:
    assert "eval.jsonl does not exist" in error_line(northwind_folder)
    path = write_lines(northwind_folder / "eval.jsonl", QUESTIONS[:1])
    try:
        shown = graft(northwind_folder).stdout
    finally:
        path.unlink()
    assert "recall@1                 1.000" in shown and "bot                      northwind" in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no questions"),
        ("{}\n", "mine.jsonl:1: expected an object with question, answer (text or null) and"),
        ('{"question": "Q?", "answer": "A", "documents": []}\nnonsense\n', "mine.jsonl:2: expected an object"),
        ('{"question": "Q?", "answer": "A", "documents": 5}\n', "mine.jsonl:1: expected an object"),
        ('{"question": "Q?", "answer": "A", "documents": [5]}\n', "mine.jsonl:1: expected an object"),
        ('{"question": "Q?", "answer": "A", "documents": "a"}\n', "mine.jsonl:1: expected an object"),
        ('{"question": "Q?", "answer": 5, "documents": []}\n', "mine.jsonl:1: expected an object"),
        ('{"question": null, "answer": "A", "documents": []}\n', "mine.jsonl:1: expected an object"),
        ('{"question": " ", "answer": "A", "documents": []}\n', "mine.jsonl:1: expected an object"),
        ("[" * 100_000, "mine.jsonl:1: nested too deeply"),
    ],
)
def test_questions_that_cannot_be_read_are_one_line(
    northwind_folder: Path, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "mine.jsonl").write_text(text, encoding="utf8")
    assert message in error_line(northwind_folder, "--data", tmp_path / "mine.jsonl")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "name one thing to evaluate: a BOT, --beir DIR or --squad FILE"),
        ("BOT --beir DIR", "name one thing to evaluate: a BOT, --beir DIR or --squad FILE"),
        ("--beir DIR --data mine.jsonl", "--data goes with a BOT, not with --beir"),
        ("--squad FILE --data mine.jsonl", "--data goes with a BOT, not with --squad"),
        ("--squad FILE --plot a.png", "--plot goes with a BOT, not with --squad"),
        ("--beir DIR --calibrate", "--calibrate goes with a BOT, not with --beir"),
        ("--beir DIR --precision 0.9", "--precision goes with a BOT, not with --beir"),
        ("BOT --precision 0.9", "--precision goes with --calibrate"),
        ("BOT --split dev", "--split goes with --beir, not with a BOT"),
        ("--squad FILE --split dev", "--split goes with --beir, not with --squad"),
        ("BOT --encoder default", "--encoder goes with --beir and --squad, not with a BOT"),
        ("BOT --explain Why? --split dev", "--explain takes a BOT and --json, and no other option"),
    ],
)
def test_options_that_would_be_ignored_are_refused(
    northwind_folder: Path, beir: Path, arguments: str, message: str
) -> None:
    places: dict[str, object] = {"BOT": northwind_folder, "DIR": beir}
    assert error_line(*(places.get(part, part) for part in arguments.split())) == f"error: {message}"


def test_beir_measures_every_ranking(beir: Path) -> None:
    result = graft("--beir", beir, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert list(report) == ["dense", "lexical", "fused", "graph", "reranked", "seconds"]
    assert 0 < report["reranked"].pop("ms") < 10_000
    for ranking in ("dense", "lexical", "fused", "graph", "reranked"):
        assert set(report[ranking]) == {"recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10"}
        assert set(report[ranking].values()) == {100.0}
    assert set(report["seconds"]) == {"index", "search"}


def test_beir_counts_misses(beir: Path) -> None:
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\nq2\tgone\t1\n", encoding="utf8")
    report = json.loads(graft("--beir", beir, "--split", "test", "--json").stdout)
    assert report["fused"]["recall@10"] == report["dense"]["ndcg@10"] == 50.0


def test_judgements_without_a_header_all_count(beir: Path) -> None:
    (beir / "qrels" / "bare.tsv").write_text("q1\td1\t1\nq2\td2\t1\n", encoding="utf8")
    with_header = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n"
    (beir / "qrels" / "test.tsv").write_text(with_header, encoding="utf8")
    bare, headed = (json.loads(graft("--beir", beir, "--split", s, "--json").stdout) for s in ("bare", "test"))
    assert bare["dense"] == headed["dense"]


def test_a_question_about_a_document_that_is_not_there_is_refused(northwind_folder: Path, tmp_path: Path) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"question": "How?", "answer": "so", "documents": ["nope.md"]}\n', encoding="utf8")
    assert "has no document 'nope.md'; the question 'How?' names it" in error_line(northwind_folder, "--data", cases)
    cases.write_text('{"question": "How?", "answer": "so", "documents": ["knowledge/cards.md"]}\n', encoding="utf8")
    assert error_line(northwind_folder, "--data", cases).endswith("names it; did you mean cards.md?")
    assert "cannot be read: Is a directory" in error_line(northwind_folder, "--data", tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("corpus.jsonl", None, "corpus.jsonl does not exist"),
        ("qrels/dev.tsv", None, "is no BEIR folder: qrels/dev.tsv cannot be read: No such file"),
        ("corpus.jsonl", "", "the corpus holds no text"),
        ("corpus.jsonl", '{"_id": "d1", "text": ""}\n', "the corpus holds no text"),
        ("corpus.jsonl", "nonsense\n", "corpus.jsonl:1: expected an object with _id, text and perhaps title"),
        ("corpus.jsonl", "[1]\n", "corpus.jsonl:1: expected an object"),
        ("queries.jsonl", '{"text": "no id"}\n', "queries.jsonl:1: expected an object with _id and text"),
        ("queries.jsonl", '{"_id": 1, "text": null}\n', "queries.jsonl:1: expected an object with _id and text"),
        (
            "qrels/dev.tsv",
            "query-id\tcorpus-id\tscore\nq1\td2\n",
            "qrels/dev.tsv:2: expected query-id, tab, corpus-id, tab",
        ),
        ("qrels/dev.tsv", "query-id\tcorpus-id\tscore\nq1\td2\t0\n", "no relevant document for any question"),
    ],
)
def test_a_beir_folder_that_is_none_is_one_line(beir: Path, name: str, text: str | None, message: str) -> None:
    (beir / name).unlink()
    if text is not None:
        (beir / name).write_text(text, encoding="utf8")
    assert message in error_line("--beir", beir)


def test_squad_measures_reading(tmp_path: Path) -> None:
    context = "The bridge was built in 1882 by Clara Voss. It crosses the river Aune and is 300 metres long."
    questions = [
        ("When was the bridge built?", [{"text": "1882", "answer_start": 24}], False),
        ("Who built the bridge?", [{"text": "Clara Voss", "answer_start": 32}], False),
        ("What is the population of Peru?", [], True),
    ]
    qas = [{"id": q, "question": q, "answers": a, "is_impossible": i} for q, a, i in questions]
    path = tmp_path / "tiny.json"
    path.write_text(
        json.dumps({"data": [{"title": "Bridge", "paragraphs": [{"context": context, "qas": qas}]}]}), "utf8"
    )
    report = json.loads(graft("--squad", path, "--json").stdout)
    assert report["questions"] == 3 and report["sentence_hit"] == 100.0
    assert report["answerability_auroc"] == 1.0 and report["has_answer_f1"] > 50
    assert "cannot be read: No such file" in error_line("--squad", tmp_path / "none.json")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"data": [{"paragraphs": 5}]}', "expected JSON with data, paragraphs, context"),
        ("[]", "expected JSON with data, paragraphs, context"),
        ("nonsense", "expected JSON with data, paragraphs, context"),
        (
            '{"data": [{"paragraphs": [{"context": "c", "qas": [{"question": null, "answers": []}]}]}]}',
            "expected JSON with data, paragraphs, context",
        ),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_squad_file_that_is_none_is_one_line_without_python_in_it(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "tiny.json"
    path.write_text(text, encoding="utf8")
    line = error_line("--squad", path)
    assert f"is not in SQuAD's format: {reason}" in line and "Error" not in line
