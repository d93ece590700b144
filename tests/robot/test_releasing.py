"""A version comes into use by a second person's signature, and never by its writer's."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals.deciding import AlreadyPending, MakerIsChecker
from clock.reading import now
from robot import releasing
from robot.domain.versions import VersionState
from robot.funnel import funnel
from robot.models import Conversation, ScriptVersion, Turn
from robot.publishing import NotPublishable, retire, store
from tests.cast import Cast
from tests.robot.scripts import SOURCES

SOURCE = SOURCES["cc-instalment-prescreen"].replace("不打扰您了，再见", "那就不打扰您了，再见")


@pytest.fixture
def version(cast: Cast) -> ScriptVersion:
    return store(SOURCE, author=cast.writer, at=now())


def state_of(version: ScriptVersion) -> str:
    return ScriptVersion.objects.get(pk=version.pk).state


def test_the_source_is_kept_as_it_was_written(version: ScriptVersion) -> None:
    assert ScriptVersion.objects.get(pk=version.pk).source == SOURCE


def test_a_signature_publishes(cast: Cast, version: ScriptVersion) -> None:
    approval = releasing.ask(version, maker=cast.writer, at=now())
    assert releasing.waiting(version, now()) == approval
    assert state_of(version) == VersionState.DRAFT
    releasing.sign(version, approval=approval, checker=cast.reviewer, at=now())
    assert state_of(version) == VersionState.PUBLISHED
    assert releasing.waiting(version, now()) is None


def test_the_writer_signs_nothing_of_their_own_whoever_asked(
    cast: Cast, version: ScriptVersion
) -> None:
    approval = releasing.ask(version, maker=cast.reviewer, at=now())
    with pytest.raises(MakerIsChecker):
        releasing.sign(version, approval=approval, checker=cast.writer, at=now())
    with pytest.raises(MakerIsChecker):
        releasing.sign(version, approval=approval, checker=cast.reviewer, at=now())
    assert state_of(version) == VersionState.DRAFT


def test_a_script_with_findings_cannot_even_be_asked_for(cast: Cast) -> None:
    broken = store(SOURCE.replace("offer.optout", "disclose.rate"), author=cast.writer, at=now())
    with pytest.raises(NotPublishable):
        releasing.ask(broken, maker=cast.writer, at=now())


def test_a_returned_version_may_be_asked_for_again_but_not_twice_at_once(
    cast: Cast, version: ScriptVersion
) -> None:
    first = releasing.ask(version, maker=cast.writer, at=now())
    with pytest.raises(AlreadyPending):
        releasing.ask(version, maker=cast.writer, at=now())
    releasing.send_back(approval=first, checker=cast.reviewer, reason="太长")
    second = releasing.ask(version, maker=cast.writer, at=now())
    releasing.take_back(approval=second, actor=cast.writer)
    assert releasing.waiting(version, now()) is None


def test_rolling_back_is_signing_an_earlier_version_again(
    cast: Cast, version: ScriptVersion
) -> None:
    for _ in range(2):
        approval = releasing.ask(version, maker=cast.writer, at=now())
        releasing.sign(version, approval=approval, checker=cast.reviewer, at=now())
        assert state_of(version) == VersionState.PUBLISHED
        assert retire(version, actor=cast.writer, at=now())
        assert state_of(version) == VersionState.RETIRED


def conversation(version: ScriptVersion, nodes: list[str], outcome: str) -> None:
    """A call that came to these nodes one after the other, and was not understood at the last."""
    at = now()
    held = Conversation.objects.create(
        call_ref=f"00000000-0000-0000-0000-{Conversation.objects.count():012d}",
        script_version=version,
        state={"node": nodes[-1]},
        outcome=outcome,
        started_at=at,
    )
    came_from = ["", *nodes]
    for index, node in enumerate(nodes):
        Turn.objects.create(
            at=at + timedelta(seconds=index),
            conversation_id=held.pk,
            phase="talk",
            index=index,
            node=came_from[index],
            node_after=node,
            matched="next" if index else "begin",
            step={"trace": {"path": [node]}},
        )
    Turn.objects.create(
        at=at + timedelta(minutes=1),
        conversation_id=held.pk,
        phase="talk",
        index=len(nodes),
        node=nodes[-1],
        node_after=nodes[-1],
        matched="no_match",
        step={"trace": {"path": []}},
    )


def test_the_funnel_counts_who_came_who_went_on_and_who_hung_up(
    cast: Cast, version: ScriptVersion
) -> None:
    conversation(version, ["open", "identify", "pitch"], "HUNG_UP")
    conversation(version, ["open", "identify"], "HUNG_UP")
    conversation(version, ["open"], "REFUSED")
    other = store(SOURCE.replace("turns: 14", "turns: 13"), author=cast.writer, at=now())
    conversation(other, ["open"], "HUNG_UP")
    found = funnel(version.pk, since=now() - timedelta(days=1))
    figures = {
        name: (one.entered, one.left, one.hung_up, one.no_match)
        for name, one in found.nodes.items()
    }
    assert found.calls == 3
    assert figures == {"open": (3, 2, 0, 1), "identify": (2, 1, 1, 1), "pitch": (1, 0, 1, 1)}
    assert funnel(version.pk, since=now() + timedelta(days=1)).calls == 0
