"""A visitor's chat: what of it is kept, taken up again and forgotten."""

from __future__ import annotations

import copy

import pytest

from rag.conversations import Feedback, History
from rag.errors import ConversationNotFoundError, DocumentNotFoundError
from rag.types import Answer
from ui import rendering
from ui.chat import Chat, answered
from ui.rendering import Turn


class NoDocuments:
    def documents(self):
        return []

    def document(self, document_id):
        raise DocumentNotFoundError("there is none")


def answer(question):
    return Answer(question, question, f"to {question}", "refusal", (), (), 0.1, "en")


@pytest.fixture
def history(tmp_path):
    return History(tmp_path)


@pytest.fixture
def chat():
    chat = Chat()
    chat.owner = "visitor:1"
    return chat


def say(chat, history, *questions):
    for question in questions:
        chat.turns = (*chat.turns, answered(len(chat.turns) + 1, answer(question), NoDocuments()))
        chat.keep(answer(question), history)


def questions(history, chat):
    return [kept.question for kept in history.answers(chat.owner, chat.conversation)]


def test_the_first_answer_begins_a_conversation(chat, history):
    say(chat, history, "one", "two")
    assert [kept.title for kept in history.conversations("visitor:1")] == ["one"]
    assert questions(history, chat) == ["one", "two"]


def test_nothing_is_kept_for_nobody(history):
    chat = Chat()
    say(chat, history, "one")
    assert chat.conversation == ""
    assert not history.file.exists()


def test_a_conversation_is_taken_up_after_a_restart(chat, history):
    say(chat, history, "one", "two")
    chat.rate(2, False, "too short", history)
    later = Chat()
    later.owner = chat.owner
    later.open(chat.conversation, History(history.file.parent), NoDocuments())
    assert [turn.question for turn in later.turns] == ["one", "two"]
    assert [turn.given for turn in later.turns] == [answer("one"), answer("two")]
    assert [(turn.liked, turn.note) for turn in later.turns] == [(None, ""), (False, "too short")]


def test_another_owner_does_not_open_it(chat, history):
    say(chat, history, "one")
    other = Chat()
    other.owner = "visitor:2"
    other.turns = (Turn("mine", "<p></p>"),)
    with pytest.raises(ConversationNotFoundError):
        other.open(chat.conversation, history, NoDocuments())
    assert [turn.question for turn in other.turns] == ["mine"]


def test_errors_between_answers_do_not_shift_what_is_cut_or_rated(chat, history):
    say(chat, history, "one")
    chat.turns = (*chat.turns, Turn("broken", rendering.problem("no model")))
    say(chat, history, "two", "three")
    chat.rate(3, True, "", history)
    assert history.feedback(chat.owner, chat.conversation) == {2: Feedback(True, "")}
    chat.cut(4, history)
    assert questions(history, chat) == ["one", "two"]
    chat.cut(2, history)
    assert questions(history, chat) == ["one"]
    assert [turn.question for turn in chat.turns] == ["one"]


def test_an_opinion_is_taken_back(chat, history):
    say(chat, history, "one")
    chat.rate(1, True, "good", history)
    chat.rate(1, None, "", history)
    assert history.feedback(chat.owner, chat.conversation) == {}
    assert chat.turns[0].liked is None


def test_what_is_asked_in_a_conversation_that_was_deleted_elsewhere_is_kept(chat, history):
    say(chat, history, "one")
    history.delete(chat.owner, chat.conversation)
    say(chat, history, "two")
    assert [kept.title for kept in history.conversations(chat.owner)] == ["two"]


def test_leaving_a_conversation_stops_its_answer_and_keeps_it(chat, history):
    say(chat, history, "one")
    stop, times_changed = chat.stop, chat.times_changed
    chat.start_new()
    assert stop.is_set()
    assert not chat.stop.is_set()
    assert chat.times_changed > times_changed
    assert (chat.turns, chat.conversation) == ((), "")
    assert len(history.conversations(chat.owner)) == 1


def test_each_visitor_begins_anew(chat, history):
    say(chat, history, "one")
    copied = copy.deepcopy(chat)
    assert (copied.owner, copied.conversation, copied.turns) == ("", "", ())
    assert copied.stop is not chat.stop
