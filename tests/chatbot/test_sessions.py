"""Conversations and feedback outlive the process and the index, and forget what they are told to."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from chatbot.sessions import Sessions
from retrieval.errors import GraftError


def test_turns_are_kept_in_order_and_apart(tmp_path: Path) -> None:
    path = tmp_path / "home" / "sessions.db"
    sessions = Sessions(path)
    sessions.add("a", "One?", "One?", "1", 0.9, False)
    sessions.add("b", "Other?", "Other?", "x", 0.1, True)
    sessions.add("a", "And two?", "One; And two?", "2", 0.8, False)
    sessions.close()
    again = Sessions(path)
    assert [(turn.question, turn.resolved, turn.answer) for turn in again.turns("a")] == [
        ("One?", "One?", "1"),
        ("And two?", "One; And two?", "2"),
    ]
    assert [turn.answer for turn in again.turns("b")] == ["x"]
    assert again.turns("nobody") == []


@pytest.mark.skipif(os.name == "nt", reason="files have no such rights")
def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions.db")
    sessions.add("a", "One?", "One?", "1", 0.9, False)
    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert rights == dict.fromkeys(("sessions.db", "sessions.db-wal", "sessions.db-shm"), 0o600)


def test_forgetting_the_last_turn(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions.db")
    for number in range(3):
        sessions.add("a", f"{number}?", f"{number}?", str(number), 1.0, False)
    sessions.add("b", "?", "?", "kept", 1.0, False)
    sessions.forget_last("a")
    assert [turn.answer for turn in sessions.turns("a")] == ["0", "1"]
    sessions.forget_last("nobody")
    assert len(sessions.turns("a")) == 2 and len(sessions.turns("b")) == 1


def test_a_rating_is_replaced_or_taken_back_and_goes_with_its_turn(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions.db")
    turn = sessions.add("a", "Q?", "Q?", "A", 1.0, False)
    sessions.rate(turn, True)
    sessions.rate(turn, False)
    assert sessions.ratings() == [("Q?", "A", False)]
    assert [kept.liked for kept in sessions.turns("a")] == [False]
    sessions.rate(turn, None)
    assert sessions.ratings() == []
    sessions.rate(turn, True)
    sessions.forget_last("a")
    assert sessions.ratings() == []


def test_text_is_stored_as_it_is(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions.db")
    text = 'it\'s 😀 "quoted"; DROP TABLE turns; -- 汉字\nsecond line'
    sessions.add(text, text, text, text, 0.5, False)
    (turn,) = sessions.turns(text)
    assert (turn.question, turn.resolved, turn.answer) == (text, text, text)


def test_lone_surrogates_are_kept_as_escapes_and_tell_sessions_apart(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions.db")
    for name in ("\udcff", "\udcfe"):
        sessions.add(name, "\ud800?", "\ud800?", name, 1.0, False)
    sessions.forget_last("\udcfe")
    (turn,) = sessions.turns("\udcff")
    assert (turn.question, turn.answer) == ("\\ud800?", "\\udcff")
    assert sessions.turns("\udcfe") == []


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    sessions = Sessions(tmp_path / "sessions.db")

    def talk(name: str) -> None:
        for number in range(20):
            sessions.add(name, f"{number}?", "", str(number), 1.0, False)
            sessions.turns(name)

    threads = [threading.Thread(target=talk, args=(f"s{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(8):
        assert [turn.answer for turn in sessions.turns(f"s{n}")] == [str(number) for number in range(20)]


def test_two_processes_can_share_the_file(tmp_path: Path) -> None:
    first, second = Sessions(tmp_path / "sessions.db"), Sessions(tmp_path / "sessions.db")
    first.add("a", "1?", "1?", "1", 1.0, False)
    second.add("a", "2?", "2?", "2", 1.0, False)
    assert [turn.answer for turn in first.turns("a")] == ["1", "2"]


def test_new_ids_differ() -> None:
    ids = {Sessions.new_id() for _ in range(100)}
    assert len(ids) == 100 and all(len(one) == 32 for one in ids)


def test_a_damaged_or_impossible_file_is_an_error_for_people(tmp_path: Path) -> None:
    damaged = tmp_path / "sessions.db"
    damaged.write_bytes(b"this is no database at all, not even nearly" * 40)
    with pytest.raises(GraftError, match=r"sessions\.db is damaged \(file is not a database\); delete it"):
        Sessions(damaged)
    (tmp_path / "file").write_text("x", encoding="utf8")
    with pytest.raises(GraftError, match="cannot keep conversations in"):
        Sessions(tmp_path / "file" / "sessions.db")


def test_a_disk_that_fails_later_is_an_error_for_people(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    sessions = Sessions(path)
    other = sqlite3.connect(path)
    other.execute("DROP TABLE turns")
    other.commit()
    with pytest.raises(GraftError, match=r"cannot keep conversations in .*sessions\.db"):
        sessions.add("a", "Q?", "Q?", "A", 1.0, False)
    with pytest.raises(GraftError, match=r"cannot keep conversations in .*sessions\.db"):
        sessions.turns("a")
