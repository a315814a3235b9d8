"""Finding a bot by what the user typed, and where its index lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot import bots
from chatbot.config_file import ConfigError
from tests.chatbot.small_bot import write_config


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf with one bundled bot."""
    folder = tmp_path / "shelf"
    write_config(folder / "customer_service", name="customer_service")
    monkeypatch.setattr(bots, "SHELVES", [folder])
    return folder


def test_a_folder_and_its_file_are_the_same_bot(tmp_path: Path) -> None:
    write_config(tmp_path / "mine")
    by_folder, by_file = bots.find(str(tmp_path / "mine")), bots.find(str(tmp_path / "mine" / "bot.yaml"))
    assert by_folder == by_file
    assert by_folder.home == tmp_path / "mine" / ".graft"


@pytest.mark.parametrize("bot", ["~nosuchuser/x", "a\nb", "\udcff", "x" * 5000])
def test_an_odd_name_is_no_bot_in_one_line(bot: str) -> None:
    with pytest.raises(ConfigError, match=r"^no bot ") as caught:
        bots.find(bot)
    assert str(caught.value).isprintable()


def test_a_folder_whose_name_is_no_text_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"/\\udcff: a bot's folder needs a name in UTF-8; rename it$") as caught:
        write_config(tmp_path / "\udcff")
    assert str(caught.value).isprintable()


def test_a_relative_path_is_found_from_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_config(tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    assert bots.find(".").home == tmp_path / "mine" / ".graft"
    assert bots.find("bot.yaml").home == tmp_path / "mine" / ".graft"


def test_the_home_of_a_bundled_bot_is_not_beside_its_files(
    shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAFT_HOME", str(tmp_path / "state"))
    expected = tmp_path / "state" / "bots" / "customer_service"
    assert bots.find("customer_service").home == expected
    assert bots.find(str(shelf / "customer_service")).home == expected


def test_a_name_that_is_nearly_right_gets_a_suggestion(shelf: Path) -> None:
    with pytest.raises(ConfigError, match=r"no bot 'customer-servic'.*did you mean customer_service\?"):
        bots.find("customer-servic")
    with pytest.raises(ConfigError, match="bundled bots: customer_service"):
        bots.find("zzz")


def test_a_folder_without_a_bot_yaml_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{tmp_path} holds no bot.yaml; make one with: graft init {tmp_path}"):
        bots.find(str(tmp_path))


@pytest.mark.parametrize("typed", ["How do I block a lost card? " * 20, "a\0b", "no/such/bot.yaml"])
def test_what_can_be_no_path_is_no_bot(typed: str) -> None:
    with pytest.raises(ConfigError, match="no bot"):
        bots.find(typed)
