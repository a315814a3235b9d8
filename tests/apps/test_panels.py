"""The panel shows what an answer rests on, marks exactly the cited words, and lets nothing act as HTML."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from markdown_it import MarkdownIt

from adapters.reader.attribution import Attribution, Word
from apps.answer import harmless, with_links
from apps.panels import level, panel, table
from apps.passages import excerpt, plain, shaded, shortened
from apps.why import why
from chatbot.explanation import Answer, Explanation, Route, Share, Signal, Stop
from chatbot.reply import Citation, Reply, Step
from chatbot.threshold import Threshold
from knowledge_graph import Fact
from retrieval.document import Chunk, Document, Passage

EVIL = '<img src=x onerror="alert(1)">'
TEXT = f"# Rules {EVIL}\n\nFirst come first. The late fee is 5 < 6 & final. Nothing {EVIL} else.\n"
SENTENCE = "The late fee is 5 < 6 & final."


class _Store:
    def __init__(self, *documents: Document) -> None:
        self.documents = {document.id: document for document in documents}

    def document(self, name: str) -> Document | None:
        return self.documents.get(name)

    def titles_of(self, names: set[str]) -> dict[str, str]:
        return {name: self.documents[name].title for name in names if name in self.documents}


class _Bot:
    threshold = Threshold(0.4, "of a test")

    def __init__(self, *documents: Document) -> None:
        self.index = type("Index", (), {"store": _Store(*documents)})()


@pytest.fixture
def bot() -> Any:
    return _Bot(Document("rules.md", f"Rules {EVIL}", TEXT, "rules.md"))


def _cited(**changes: Any) -> Reply:
    start = TEXT.index(SENTENCE)
    citation = Citation("rules.md", f"docs/{EVIL}.md", f"Fees {EVIL}", start, start + len(SENTENCE), SENTENCE)
    fact = Fact(f"fee {EVIL}", "costs_about", "5", ("rules.md#0", "rules.md#1"))
    chunk = Chunk("rules.md#0", "rules.md", TEXT, 0, len(TEXT), f"Fees {EVIL}")
    fields: dict[str, Any] = {
        "text": f"{SENTENCE} [1]",
        "citations": [citation],
        "facts": [fact],
        "confidence": 0.81,
        "passages": [Passage(chunk, 1.0, {"dense": 0.5})],
        "trace": [Step("retrieve", 3.2), Step("generate", 1.0)],
    }
    return Reply(**{**fields, **changes})


def _marked(page: str) -> list[str]:
    return re.findall(r"<mark>(.*?)</mark>", page, re.DOTALL)


def test_the_mark_is_exactly_the_cited_sentence(bot: Any) -> None:
    page = panel(bot, _cited(), 3)
    assert _marked(page) == ["The late fee is 5 &lt; 6 &amp; final."]
    assert "First come first. <mark>" in page
    assert 'id="source-3-1"' in page


def test_nothing_from_documents_acts_as_html(bot: Any) -> None:
    assert "<img" not in panel(bot, _cited(), 0)
    assert "<img" not in panel(bot, _cited(citations=[], abstained=True, topics=[EVIL]), 0)
    assert "<img" not in table([EVIL], [[EVIL, [EVIL], None]])


def test_a_missing_document_still_shows_the_quote() -> None:
    assert _marked(panel(_Bot(), _cited(), 0)) == ["The late fee is 5 &lt; 6 &amp; final."]  # type: ignore[arg-type]


def test_confidence_is_said_in_a_word_and_a_percentage(bot: Any) -> None:
    page = panel(bot, _cited(), 0)
    assert "81%" in page and ">high<" in page and "width:81%" in page
    assert [level(c) for c in (0.75, 0.5, 0.49)] == ["high", "medium", "low"]


def test_an_abstention_names_itself_and_shows_no_source(bot: Any) -> None:
    page = panel(bot, _cited(citations=[], facts=[], abstained=True, confidence=0.12), 0)
    assert "Not in the documents" in page and "12%" in page and "Below 40%" in page
    assert "source-" not in page


def test_a_safety_message_shows_no_confidence(bot: Any) -> None:
    page = panel(bot, _cited(citations=[], trace=[Step("guard", 1.0)], confidence=1.0), 0)
    assert "Safety message" in page and "100%" not in page


def test_how_it_was_found_names_steps_and_scores(bot: Any) -> None:
    page = panel(bot, _cited(), 0)
    assert "meaning 0.50" in page and "retrieve" in page and "4.2" in page


def test_why_shades_words_and_nothing_in_it_acts_as_html(bot: Any) -> None:
    start = TEXT.index(SENTENCE)
    late, other = TEXT.index("late"), TEXT.index("First")
    page = why(
        bot,
        Explanation(
            *("why?", "why?", "documents", False, 0.8, 0.4),
            answer=Answer(EVIL, SENTENCE, "rules.md", EVIL, EVIL, start, start + len(SENTENCE)),
            words=Attribution(
                [Word(EVIL, 0, 4, 1.0)], [Word("First", other, other + 5, 0.01), Word("late", late, late + 4, -0.5)]
            ),
            passages=[
                Share("rules.md", EVIL, EVIL, {"dense": 0.5}, 0.75),
                Share("rules.md", "", "", {}, 0.25, Route([Stop(EVIL, "rules.md#0", "rules.md", EVIL, "")], 1.0, 5, 2)),
            ],
            signals=[Signal("match", 2.0), Signal("score", -1.0)],
            entities=[EVIL],
            path=[Fact(EVIL, EVIL, EVIL, ("rules.md#0",))],
        ),
    )
    assert "→ this passage (place 2, without the graph 5)</small>" in page and page.count("<small>") == 1
    assert "<img" not in page and "75%" in page and "-1.0" in page and "Confidence 80%" in page
    assert 'class="shade against" style="--weight:50%" title="-0.50">late</span>' in page and ">First<" not in page


def test_words_are_shaded_where_markdown_signs_are_taken_out() -> None:
    text = "| Card | Fee |\n|---|---|\n| Gold | **5** [euros](http://x.example/euros) |"
    words = [Word(w, text.rindex(w), text.rindex(w) + len(w), 1.0) for w in ("Gold", "5", "euros")]
    words.insert(2, Word("euros", text.index("euros"), text.index("euros") + 5, 0.5))
    page = shaded(text, words, text.index("| Gold"), len(text))
    assert re.sub("<[^>]*>", "", page) == "Card · Fee\nGold · 5 euros"
    assert re.findall(r"weight:(\d+)%[^>]*>(.*?)<", page) == [("100", "Gold"), ("100", "5"), ("50", "euros")]


@pytest.mark.parametrize("around", [20, 50])
def test_an_excerpt_is_cut_between_words(around: int) -> None:
    text = "alpha beta gamma delta " * 20 + "THE CITED WORDS. " + "epsilon zeta eta theta " * 20
    start = text.index("THE")
    shown = excerpt(text, start, start + 16, around)
    assert _marked(shown) == ["THE CITED WORDS."]
    assert shown.startswith("… ") and shown.endswith(" …")
    words = set(re.sub(r"<.?mark>|…", " ", shown).split())
    assert words <= set(text.split())
    assert len(shown) < 2 * around + 16 + len("<mark></mark>") + 8


def test_an_excerpt_of_text_without_spaces_is_cut_too() -> None:
    text = "澄" * 400 + "挂失费用为十元。" + "江" * 400
    assert excerpt(text, 400, 408) == "… " + "澄" * 200 + "<mark>挂失费用为十元。</mark>" + "江" * 200 + " …"


def test_offsets_beyond_the_text_do_no_harm() -> None:
    assert excerpt("short", 2, 99) == "sh<mark>ort</mark>"


def test_markdown_signs_are_taken_out_and_words_stay() -> None:
    assert plain("## Fees\n| Card | Fee |\n|---|---|\n| Gold | **5** |") == "Fees\nCard · Fee\nGold · 5"
    assert plain("see [the page](http://x.example/a) - now") == "see the page - now"
    assert shortened("one two three four", 9) == "one two …"


def test_citation_numbers_become_links_and_others_stay() -> None:
    text = with_links("Yes [1]. No [2], [see](x) `a[1]`", 1, 4)
    assert text == r"Yes [\[1\]](#source-4-1). No [2], [see](x) <code>a&#91;1&#93;</code>"


def test_answers_keep_markdown_but_lose_html_and_images() -> None:
    assert harmless("- **a** <b>x</b> & `x < 1`") == "- **a** &#60;b>x&#60;/b> &#38; <code>x &#60; 1</code>"
    assert "<img" not in MarkdownIt().render(harmless("![x](http://evil.example/?q=secret)"))


@pytest.mark.parametrize(
    "text",
    [
        'is \\`<form action="/login"><input name=pw></form>\\` per crate. [1]',
        'The levy is ``` <form style="position:fixed">bold</form> due now. [1]',
        "Two `` ticks ` and <form> ` more `` here. [1]",
        "```\n<form>\n [1]",
        "~~~ x\n~~~ <form>\n\n[1]",
        "    <form> indented\n\n\\\\`<form>`\n\n[1]",
        "`a\n<form>\nb` [1]",
    ],
)
def test_no_tag_of_a_text_becomes_a_tag_of_the_page(text: str) -> None:
    for shown in (harmless(text), with_links(text, 1, 0)):
        page = MarkdownIt("commonmark", {"html": True}).render(shown)
        assert "<form" not in page and "<input" not in page
        assert "form" in html.unescape(page)


def test_code_shows_as_it_was_written() -> None:
    text = "Run:\n\n```python\nif a < b:\n    print('&amp; [1]')\n```\n\nThen stop."
    page = MarkdownIt("commonmark", {"html": True}).render(with_links(text, 1, 0))
    code = re.search("<pre><code>(.*?)</code></pre>", page, re.DOTALL)
    assert code and html.unescape(code[1]) == "if a < b:\n    print('&amp; [1]')"
