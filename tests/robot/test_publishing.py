"""Versions are stored once, proven, approved by somebody else, and then stay as they are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from approvals import deciding
from audit.models import Entry
from clock.reading import now
from robot.models import ScriptVersion
from robot.publishing import (
    NotApproved,
    NotPublishable,
    install_shipped_scripts,
    publish,
    retire,
    store,
)
from tests.robot.scripts import SOURCES

pytestmark = pytest.mark.django_db

SOURCE = SOURCES["cc-instalment-prescreen"].replace("不打扰您了，再见", "那就不打扰您了，再见")


@pytest.fixture
def author(db: None) -> User:
    return User.objects.create_user("author", is_superuser=True)


@pytest.fixture
def checker(db: None) -> User:
    return User.objects.create_user("checker", is_superuser=True)


def approve(version: ScriptVersion, author: User, checker: User) -> None:
    approval = deciding.submit(
        subject=f"script_version:{version.pk}",
        content_hash=version.content_hash,
        maker=author,
        branch=None,
        title="script",
        expires_at=now() + timedelta(days=1),
    )
    deciding.approve(approval=approval, checker=checker, content_hash=version.content_hash)


def test_the_same_words_are_one_version(author: User) -> None:
    first = store(SOURCE, author=author, at=now())
    again = store("# a comment changes nothing\n" + SOURCE, author=author, at=now())
    other = store(SOURCES["cc-instalment-prescreen"], author=author, at=now())
    assert first.pk == again.pk
    assert (first.number, other.number) == (1, 2)


def test_nothing_is_published_without_a_second_pair_of_eyes(author: User, checker: User) -> None:
    version = store(SOURCE, author=author, at=now())
    with pytest.raises(NotApproved):
        publish(version, publisher=author, at=now())
    approve(version, author, checker)
    publish(version, publisher=author, at=now())
    version.refresh_from_db()
    assert version.state == "published"
    assert Entry.objects.filter(kind="robot.version_published").count() == 1


def test_a_script_with_findings_is_never_published(author: User, checker: User) -> None:
    version = store(SOURCE.replace('"9": opt_out', '"9": need_human'), author=author, at=now())
    approve(version, author, checker)
    with pytest.raises(NotPublishable) as caught:
        publish(version, publisher=author, at=now())
    assert caught.value.findings[0].rule == "V7"
    version.refresh_from_db()
    assert version.state == "draft"


def test_a_published_version_can_be_retired_once(author: User) -> None:
    version = install_shipped_scripts()[0]
    assert retire(version, actor=author, at=now())
    assert not retire(version, actor=author, at=now())


def test_the_database_knows_no_other_states(author: User) -> None:
    version = store(SOURCE, author=author, at=now())
    with pytest.raises(IntegrityError), transaction.atomic():
        ScriptVersion.objects.filter(pk=version.pk).update(state="loose")
