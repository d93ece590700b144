"""Lookups give what their querysets give; places, locks and updates hold what they promise."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import DateTimeField, Func, QuerySet
from django.test.utils import CaptureQueriesContext

from compliance.models import Product
from database.lookups import Lookup, Place, save
from robot.models import Conversation, ScriptVersion
from robot.publishing import install_shipped_scripts

pytestmark = pytest.mark.django_db


@pytest.fixture
def held() -> Conversation:
    install_shipped_scripts()
    version = ScriptVersion.objects.order_by("id")[0]
    return Conversation.objects.create(
        call_ref="6fa459ea-ee8a-3ca4-894e-db77e160355e",
        script_version=version,
        state={"node": "open", "slots": {"数": 1}},
        started_at=version.created_at,
    )


def by_call(call_ref: Any) -> QuerySet[Conversation]:
    return Conversation.objects.select_related("script_version__script").filter(call_ref=call_ref)


def plain(instance: Any) -> dict[str, Any]:
    return {name: value for name, value in vars(instance).items() if not name.startswith("_")}


def test_a_lookup_gives_the_instances_of_its_queryset(held: Conversation) -> None:
    (expected,) = by_call(held.call_ref)
    lookup = Lookup("held", by_call, "call_ref")
    with CaptureQueriesContext(connection) as sent:
        found = lookup.first(call_ref=held.call_ref)
        assert found is not None
        assert plain(found) == plain(expected)
        assert plain(found.script_version) == plain(expected.script_version)
        assert plain(found.script_version.script) == plain(expected.script_version.script)
    assert len([query for query in sent if "EXECUTE" in query["sql"]]) == 1
    assert not found._state.adding
    assert lookup.all(call_ref=held.call_ref) == [expected]


def test_nobody_is_found_where_the_queryset_finds_nobody(held: Conversation) -> None:
    lookup = Lookup("held", by_call, "call_ref")
    assert lookup.first(call_ref="00000000-0000-0000-0000-000000000000") is None
    assert lookup.all(call_ref="00000000-0000-0000-0000-000000000000") == []


def test_what_is_deferred_is_read_when_it_is_asked_for(held: Conversation) -> None:
    lookup = Lookup(
        "light", lambda place: by_call(place).defer("script_version__document"), "call_ref"
    )
    found = lookup.first(call_ref=held.call_ref)
    assert found is not None
    assert "document" in found.script_version.get_deferred_fields()
    assert found.script_version.document == held.script_version.document


def test_an_annotation_is_set_and_is_of_after_the_lock(held: Conversation) -> None:
    def build(place: Place) -> QuerySet[Any]:
        moment = Func(function="clock_timestamp", output_field=DateTimeField())
        return by_call(place).annotate(read_at=moment)

    lookup = Lookup(
        "timed",
        build,
        "call_ref",
        before="SELECT FROM robot_conversation WHERE call_ref = %(call_ref)s FOR NO KEY UPDATE",
    )
    first, second = (lookup.first(call_ref=held.call_ref) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.read_at < second.read_at


def test_a_value_that_is_no_place_is_refused(held: Conversation) -> None:
    lookup = Lookup("fixed", lambda place: by_call(place).filter(grade="A"), "call_ref")
    with pytest.raises(ValueError, match="must be a place"):
        lookup.first(call_ref=held.call_ref)


@pytest.mark.django_db(transaction=True)
def test_a_lookup_that_locks_needs_a_transaction() -> None:
    lookup = Lookup(
        "locking", lambda place: Product.objects.select_for_update().filter(pk=place), "pk"
    )
    with transaction.atomic():
        assert lookup.first(pk=1) is None
    with pytest.raises(transaction.TransactionManagementError):
        lookup.first(pk=1)


def test_saving_writes_the_named_fields_alone(held: Conversation) -> None:
    held.grade, held.outcome, held.state = "B", "REFUSED", {"node": "bye"}
    save(held, "grade", "state")
    stored = Conversation.objects.get(pk=held.pk)
    assert (stored.grade, stored.state, stored.outcome) == ("B", {"node": "bye"}, "")


def test_saving_what_is_not_there_is_an_error(held: Conversation) -> None:
    Conversation.objects.filter(pk=held.pk).delete()
    with pytest.raises(DatabaseError):
        save(held, "grade")
