"""What is said in groups and as inline results: short, the same for everybody, nobody's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.content.content import Content
from bot.content.loading import load
from bot.conversation.public import MOST_RESULTS, answer_in_public
from bot.domain.messages import Incoming, Reply

NOW = datetime.fromisoformat("2013-12-05T09:00")


@pytest.fixture(scope="module")
def content() -> Content:
    return load()


def said(content: Content, text: str) -> Reply:
    answer = answer_in_public(content, Incoming("test", "lin", text, place="public"), NOW)
    assert len(answer.replies) == 1
    assert answer.replies[0].buttons == ()
    return answer.replies[0]


def test_a_question_in_a_group_is_answered_in_one_bubble(content: Content) -> None:
    reply = said(content, "用户名忘了怎么办")
    assert reply.topic == "forgot-username"
    assert reply.source


def test_commands_that_are_the_same_for_everybody(content: Content) -> None:
    assert "12月20日" in said(content, "/deadline").text
    assert "日历文件" not in said(content, "/deadline").text  # no file goes to a group
    assert "0550-3055417" in said(content, "/contact@some_bot").text
    assert said(content, "/ask 用户名忘了怎么办").topic == "forgot-username"
    for command in ("/ask", "/help", "/start"):
        assert said(content, command).text == content.phrases.public.help


@pytest.mark.parametrize("command", ["/progress", "/forget", "/export", "/menu"])
def test_what_is_somebodys_own_is_not_said_in_a_group(content: Content, command: str) -> None:
    assert said(content, command).text == content.phrases.public.elsewhere


def test_nonsense_in_a_group_leads_to_a_person(content: Content) -> None:
    assert "0550-3055417" in said(content, "今天晚上吃红烧肉还是吃鱼").text


def test_a_secret_in_a_group_is_not_repeated_and_withdrawn(content: Content) -> None:
    answer = answer_in_public(content, Incoming("test", "lin", "我的密码是abc12345", place="public"), NOW)
    assert answer.withdraw
    assert "abc12345" not in answer.replies[0].text


def test_inline_results_are_answers_with_titles(content: Content) -> None:
    answer = answer_in_public(content, Incoming("test", "lin", "证书编号", place="inline"), NOW)
    assert 1 <= len(answer.replies) <= MOST_RESULTS
    assert answer.replies[0].topic == "certificate-numbers"
    assert all(reply.title and reply.topic and reply.text for reply in answer.replies)
    nothing = answer_in_public(content, Incoming("test", "lin", "", place="inline"), NOW)
    assert len(nothing.replies) == MOST_RESULTS


def test_what_differs_between_notices_is_not_said_in_a_group(content: Content) -> None:
    notice = content.notices["2014-autumn"]
    contacts = tuple(row.model_copy(update={"phones": ("0551-1234567",)}) for row in notice.contacts)
    head = notice.notice.model_copy(update={"id": "other"})
    other = notice.model_copy(update={"contacts": contacts, "notice": head})
    both = replace(content, notices={**content.notices, "other": other})
    assert said(both, "/contact").text == content.phrases.public.elsewhere
    assert said(both, "证书上有两个编号填哪个").topic == "certificate-numbers"
