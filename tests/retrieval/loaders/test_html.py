"""Web pages keep their content and lose what surrounds it."""

from __future__ import annotations

from tests.retrieval.loaders.sample_files import PAGE, Read


def test_html_keeps_the_content_and_drops_the_surroundings(read: Read) -> None:
    text = read("a.html", PAGE).text
    assert text.startswith("# Lost cards\n\nCall the hotline **now**.")
    assert "- first\n  - nested" in text
    assert "| Card | Fee |\n| --- | --- |\n| Gold | 25 |\n| Gold | 30\\|31 |" in text
    for noise in ("Logo", "Menu", "track", "Hidden", "Invisible", "Press", "Advert", "Imprint", "bank.example"):
        assert noise not in text


def test_a_small_main_does_not_hide_the_page(read: Read) -> None:
    page = f"<main>Short</main><div><p>{'The real content is here. ' * 20}</p></div>"
    assert "The real content" in read("a.html", page).text


def test_layout_tables_are_dissolved(read: Read) -> None:
    page = "<table><tr><td><h2>Left</h2><p>one</p></td><td><h2>Right</h2><p>two</p></td></tr></table>"
    text = read("a.html", page).text
    assert "## Left" in text and "## Right" in text and "|" not in text


def test_deep_nesting_keeps_the_text(read: Read) -> None:
    assert "needle" in read("a.html", "<div>" * 20_000 + "needle" + "</div>" * 20_000).text
