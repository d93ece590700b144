# ruff: noqa: S608 - the statements are the attack under test
"""Erased rows keep their place in the chain, and nothing but an erasure gets past the trigger."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from audit.books import books
from audit.erasing import erase_rows
from audit.models import Entry
from audit.recording import record
from audit.verifying import verify
from tests.audit.test_books import seal_all, write_rows
from tests.audit.test_record import tamper

pytestmark = pytest.mark.django_db(transaction=True)

PERSONAL = {"compliance_decision": ["facts"], "robot_turn": ["text", "digits", "said", "step"]}
CONVERSATION = 77


def erase() -> int:
    record(kind="approval.approved", actor_id=1, subject="erasure:7", payload={})
    return erase_rows(
        "robot_turn", "conversation_id", [CONVERSATION], decision="erasure:7", actor_id=None
    )


def write_turn() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO robot_turn (at, conversation_id, phase, index, text, digits, node,"
            " node_after, intent, score, layer, matched, model_hash, said, step)"
            " VALUES (now(), %s, 'talk', 1, '别打了', '', 'a', 'b', 'opt_out', 1, '', '', '',"
            " '王女士您好', '{\"x\": 1}')",
            [CONVERSATION],
        )


def turn() -> tuple[object, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT text, said, step::text, salt, node FROM robot_turn WHERE conversation_id = %s",
            [CONVERSATION],
        )
        found: tuple[object, ...] = cursor.fetchone()
        return found


def test_the_ledgers_name_their_personal_columns() -> None:
    assert {book.table: list(book.erasable) for book in books() if book.erasable} == PERSONAL


@pytest.mark.parametrize("sealed_before", [True, False])
def test_an_erased_row_is_blank_and_verifies(sealed_before: bool) -> None:
    write_rows()
    write_turn()
    if sealed_before:
        seal_all()
    assert erase() == 1
    assert erase() == 0
    if not sealed_before:
        seal_all()
    assert turn() == ("", "", "{}", None, "a")
    assert verify().whole


def test_the_record_names_the_rows_and_by_whose_decision() -> None:
    write_turn()
    assert erase() == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM robot_turn WHERE conversation_id = %s", [CONVERSATION])
        row: int = cursor.fetchone()[0]
    entry = Entry.objects.get(kind="ledger.erased")
    assert (entry.subject, entry.payload) == (
        "robot_turn",
        {"rows": [row], "decision": "erasure:7"},
    )
    erase()
    assert Entry.objects.filter(kind="ledger.erased").count() == 1


def test_a_row_that_somebody_blanked_without_a_decision_is_found_until_one_is_repeated() -> None:
    """The one change that the trigger lets through, made by hand: the chain itself still fits."""
    write_turn()
    seal_all()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE robot_turn SET text = '', digits = '', said = '', step = '{}', salt = NULL,"
            " erased = jsonb_build_object("
            + ", ".join(
                f"'{name}', sanshi_commitment(salt, to_jsonb({name}))"
                for name in PERSONAL["robot_turn"]
            )
            + ")"
        )
    (fault,) = verify().faults
    assert fault.code == "erased_unnamed"
    assert fault.detail.startswith("robot_turn ")
    assert erase() == 0
    assert verify().whole


def test_what_is_erased_cannot_be_replaced() -> None:
    write_turn()
    seal_all()
    erase()
    tamper('UPDATE robot_turn SET erased = erased || \'{"text": "00"}\'')
    assert {fault.code for fault in verify().faults} == {"ledger_changed"}


@pytest.mark.parametrize(
    "change",
    [
        "text = ''",
        "salt = NULL",
        "text = 'something else', salt = NULL",
        "text = '', digits = '', said = '', step = '{}', salt = NULL, erased = '{}'",
        # right in itself, and another column with it
        "{right}, node = 'x'",
        # a salt of one's own choice
        "{right}, salt = gen_random_uuid()",
        "{right}, text = 'kept'",
    ],
)
def test_nothing_else_gets_past_the_trigger(change: str) -> None:
    write_turn()
    right = (
        "digits = '', said = '', step = '{}', erased = jsonb_build_object("
        + ", ".join(
            f"'{name}', sanshi_commitment(salt, to_jsonb({name}))"
            for name in PERSONAL["robot_turn"]
        )
        + ")"
    )
    if "{right}" in change and "text" not in change:
        right += ", text = ''"
    if "{right}" in change and "salt =" not in change:
        right += ", salt = NULL"
    statement = "UPDATE robot_turn SET " + change.replace("{right}", right)
    with (
        pytest.raises(DatabaseError, match=r"append-only|permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert turn()[0] == "别打了"


def test_an_erased_row_is_erased_for_good() -> None:
    write_turn()
    erase()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE robot_turn SET text = '好的'")
