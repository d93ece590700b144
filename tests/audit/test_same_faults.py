# ruff: noqa: S608 - the statements are the attack under test
"""Who checks an export without us finds what we find: the same faults in the same places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from audit import sealing
from audit.anchoring import Anchors
from audit.erasing import erase_rows
from audit.models import Seal
from audit.recording import record
from audit.verify_export import MEANS
from audit.verifying import verify
from tests.audit.test_books import OTHERS, seal_all
from tests.audit.test_rebasing import AHEAD, numbers
from tests.audit.test_record import note, tamper
from tests.audit.test_roles import write_one_of_each
from tests.audit.test_verify_export import check
from tests.cast import make_cast

pytestmark = pytest.mark.django_db(transaction=True)

LAST_SEAL = "(SELECT max(id) FROM audit_seal)"
LAST_SEALED = "(SELECT max(id) FROM audit_entry WHERE kind = 'ledger.sealed')"
BLANK = (
    "UPDATE robot_turn SET text = '', digits = '', said = '', step = '{}', salt = NULL, erased ="
    " jsonb_build_object('text', sanshi_commitment(salt, to_jsonb(text)),"
    " 'digits', sanshi_commitment(salt, to_jsonb(digits)),"
    " 'said', sanshi_commitment(salt, to_jsonb(said)),"
    " 'step', sanshi_commitment(salt, to_jsonb(step))) WHERE salt IS NOT NULL"
)

#: What somebody with the keys to the database does, and what must be found for it.
ATTACKS: dict[str, set[str]] = {
    # entries: changed, changed with their hash, removed, put elsewhere, slipped in
    "UPDATE audit_entry SET actor_id = 7 WHERE subject = 'thing:2'": {"entry_changed"},
    "UPDATE audit_entry SET content_hash = repeat('a', 64) WHERE subject = 'thing:2'": {
        "entry_changed",
        "batch_changed",
    },
    "DELETE FROM audit_entry WHERE subject = 'thing:2'": {"batch_changed"},
    "UPDATE audit_entry SET id = (SELECT sum(id) FROM audit_entry WHERE subject IN ('thing:1',"
    " 'thing:2')) - id WHERE subject IN ('thing:1', 'thing:2')": {"batch_changed"},
    "INSERT INTO audit_entry (at, kind, subject, payload, content_hash, transaction)"
    " SELECT at, kind, subject, payload, content_hash, transaction FROM audit_entry"
    " WHERE subject = 'thing:2'": {"batch_changed"},
    "UPDATE audit_entry SET payload = '{}' WHERE subject = 'thing:9'": {"entry_changed"},
    # seals: changed, removed, the end cut off, everything cut off
    "UPDATE audit_seal SET root = repeat('b', 64)": {"seal_changed", "batch_changed"},
    "UPDATE audit_seal SET previous = repeat('b', 64)": {"seal_changed"},
    # moved in time: with its instant, and as if that had never been in its hash
    "UPDATE audit_seal SET at = at - interval '30 days'": {"seal_changed"},
    "UPDATE audit_seal SET version = 1": {"seal_changed"},
    # an entry of a time long past, with a number that no seal ever reaches
    "INSERT INTO audit_entry (at, kind, subject, payload, content_hash, transaction)"
    " SELECT at, 'k', 's', '{}', encode(sha256(convert_to("
    """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || E'\\n' ||"""
    """ '{"actor":null,"kind":"k","payload":{},"subject":"s"}', 'UTF8')), 'hex'),"""
    " 9000000000000000000 FROM (SELECT sanshi_now() - interval '2 hours' AS at) AS moment": {
        "entry_unsealed"
    },
    "DELETE FROM audit_seal WHERE id = (SELECT min(id) FROM audit_seal)": {
        "seal_changed",
        "batch_changed",
    },
    f"DELETE FROM audit_entry WHERE id >= (SELECT first_id FROM audit_seal WHERE id = {LAST_SEAL});"
    f"DELETE FROM audit_seal WHERE id = {LAST_SEAL}": {"head_missing"},
    "DELETE FROM audit_entry; DELETE FROM audit_seal": {"head_missing", "erased_unnamed"},
    # what seals the other ledgers: removed, and changed beyond reading
    f"DELETE FROM audit_entry WHERE id = {LAST_SEALED}": {"batch_changed"},
    "DELETE FROM audit_entry WHERE id = (SELECT min(id) FROM audit_entry"
    " WHERE kind = 'ledger.sealed')": {"batch_changed", "ledger_gap"},
    "UPDATE audit_entry SET payload = '{}' WHERE kind = 'ledger.sealed'": {
        "entry_changed",
        "ledger_gap",
    },
    'UPDATE audit_entry SET payload = payload || \'{"columns": ["id", "no_such"]}\''
    f" WHERE id = {LAST_SEALED}": {"entry_changed", "ledger_changed"},
    # rows of the other ledgers
    **{
        attack.format(table=table, column=column): {"ledger_changed"}
        for table, column in OTHERS.items()
        for attack in (
            "UPDATE {table} SET at = at + interval '1 s' WHERE id = (SELECT min(id) FROM {table})",
            "DELETE FROM {table}",
            "UPDATE {table} SET id = (SELECT sum(id) FROM {table}) - id",
            # of a row that is sealed; the newest is not yet
            "INSERT INTO {table} SELECT * FROM (SELECT (jsonb_populate_record(t, jsonb_build_object"
            "('id', t.id + 1000))).* FROM {table} t ORDER BY id LIMIT 1) AS more",
        )
        if table != "robot_turn" or "sum(id)" not in attack
    },
    # a ledger is taken out of sight with its trigger, and whole
    "DROP TRIGGER dialer_callevent_append_only ON dialer_callevent; DELETE FROM dialer_callevent": {
        "ledger_changed"
    },
    # personal columns: blanked by nobody's decision, replaced after an erasure, the decision gone
    BLANK: {"erased_unnamed"},
    'UPDATE robot_turn SET erased = erased || \'{"text": "00"}\' WHERE erased IS NOT NULL': {
        "ledger_changed"
    },
    # words put into a row that was erased, and a salt: its hash keeps to the commitments
    **{
        f"UPDATE robot_turn SET {words} WHERE erased IS NOT NULL": {"erased_filled"}
        for words in (
            "text = '我同意购买'",
            "said = 'x', digits = '1'",
            """step = '{"a": 1}'""",
            "salt = gen_random_uuid()",
        )
    },
    "DELETE FROM audit_entry WHERE kind = 'ledger.erased'": {"batch_changed", "erased_unnamed"},
    "UPDATE audit_entry SET payload = '{}' WHERE kind = 'ledger.erased'": {
        "entry_changed",
        "erased_unnamed",
    },
    "UPDATE audit_entry SET payload = '{\"rows\": 1}' WHERE kind = 'ledger.erased'": {
        "entry_changed",
        "erased_unnamed",
    },
    # a decision that nobody signed, or signed only afterwards
    "DELETE FROM audit_entry WHERE kind = 'approval.approved'": {
        "batch_changed",
        "erased_unnamed",
    },
    "UPDATE audit_entry SET subject = 'erasure:2' WHERE kind = 'approval.approved'": {
        "entry_changed",
        "erased_unnamed",
    },
    "UPDATE audit_entry SET id = id + 1000 WHERE kind = 'approval.approved'": {
        "batch_changed",
        "erased_unnamed",
    },
}


def write_rows() -> None:
    with transaction.atomic():
        write_one_of_each()
    tamper("DELETE FROM audit_seal WHERE hash = 'h'; DELETE FROM audit_entry WHERE kind = 'k'")


def live(heads: Path) -> None:
    """Entries and rows, sealed and anchored; a conversation erased; a little that is not sealed."""
    for number in range(4):
        note(number, words="适")
    write_rows()
    seal_all()
    call_command("audit", "seal", "--anchor", str(heads))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO robot_turn (at, conversation_id, phase, index, text, digits,"
                       " node, node_after, intent, score, layer, matched, model_hash, said, step)"
                       " VALUES (now(), 7, 'talk', 0, '别打了', '', '', '', '', 0, '', '', '', '',"
                       " '{}')")  # fmt: skip
    record(kind="approval.approved", actor_id=1, subject="erasure:1", payload={})
    erase_rows("robot_turn", "conversation_id", [7], decision="erasure:1", actor_id=None)
    write_rows()
    seal_all()
    call_command("audit", "seal", "--anchor", str(heads))
    note(9, words="适")
    write_rows()


def online(heads: Path) -> list[str]:
    return sorted(str(fault) for fault in verify(anchored_heads=Anchors.read(heads)).faults)


def offline(folder: Path) -> list[str]:
    file = folder / "chain.jsonl"
    call_command("audit", "export", str(file))
    done = check(file, "--anchor", str(folder / "heads"))
    assert done.returncode == (1 if done.stderr else 0), done.stderr
    return sorted(done.stderr.splitlines())


@pytest.fixture(autouse=True)
def _triggers_as_they_were() -> Iterator[None]:
    yield
    tamper(
        "DROP TRIGGER IF EXISTS dialer_callevent_append_only ON dialer_callevent;"
        " SELECT sanshi_make_append_only('dialer_callevent')"
    )
    tamper(numbers(0))


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_export_shows_the_faults_that_the_database_shows(tmp_path: Path, attack: str) -> None:
    live(tmp_path / "heads")
    assert online(tmp_path / "heads") == offline(tmp_path) == []
    tamper(attack)
    found = online(tmp_path / "heads")
    assert {line.replace(":", " ").split()[0] for line in found} == ATTACKS[attack]
    assert offline(tmp_path) == found


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM audit_entry WHERE subject = 'thing:77'",
        "DELETE FROM robot_turn WHERE id = (SELECT max(id) FROM robot_turn)",
        "UPDATE audit_entry SET actor_id = 1 WHERE subject = 'thing:77'",
        "UPDATE audit_entry SET payload = '{}' WHERE kind = 'audit.rebased'",
    ],
)
def test_after_a_restored_dump_too(tmp_path: Path, attack: str) -> None:
    make_cast()
    tamper(numbers(AHEAD))
    live(tmp_path / "heads")
    tamper(numbers(0))
    note(77)
    write_rows()
    call_command("audit", "rebase", "--maker", "operator", "--checker", "officer", "--reason", "x")
    write_rows()
    seal_all()
    assert online(tmp_path / "heads") == offline(tmp_path) == []
    tamper(attack)
    found = online(tmp_path / "heads")
    assert found
    assert offline(tmp_path) == found


def test_seals_from_before_their_instant_was_hashed_still_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(sealing, "VERSION", 1)
        note(77)
        seal_all()
    live(tmp_path / "heads")
    assert set(Seal.objects.values_list("version", flat=True)) == {1, 2}
    assert online(tmp_path / "heads") == offline(tmp_path) == []
    lines = (tmp_path / "chain.jsonl").read_text().splitlines()
    old = [line.replace(',"version":1', "") for line in lines]
    assert old != lines
    # as an export of then has it
    (tmp_path / "old.jsonl").write_text("\n".join(old))
    assert check(tmp_path / "old.jsonl").returncode == 0


@pytest.mark.parametrize("content", ["", "\n"])
def test_a_file_of_heads_that_was_emptied_proves_nothing(tmp_path: Path, content: str) -> None:
    live(tmp_path / "heads")
    (tmp_path / "heads").write_text(content)
    (found,) = online(tmp_path / "heads")
    assert found.startswith("head_missing")
    assert offline(tmp_path) == [found]
    with pytest.raises(CommandError, match="1 faults"):
        call_command("audit", "verify", "--anchor", str(tmp_path / "heads"))


@pytest.mark.parametrize("signed", [True, False])
def test_who_may_write_entries_cannot_invent_an_erasure(tmp_path: Path, signed: bool) -> None:
    """What the application's own role can do, without the owner's."""
    live(tmp_path / "heads")
    if signed:
        record(kind="approval.approved", actor_id=1, subject="erasure:999", payload={})
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM robot_turn WHERE salt IS NOT NULL")
        turns = [row[0] for row in cursor.fetchall()]
        cursor.execute(BLANK)
    said = {"rows": turns, "decision": "erasure:999"}
    record(kind="ledger.erased", actor_id=None, subject="robot_turn", payload=said)
    seal_all()
    found = [] if signed else [f"robot_turn {turn}" for turn in turns]
    assert [fault.detail for fault in verify().faults] == found
    assert len(offline(tmp_path)) == len(found)


def test_every_fault_is_attacked() -> None:
    """But for those that are tried elsewhere: strays above, and a dossier's readable part."""
    attacked = {code for codes in ATTACKS.values() for code in codes}
    assert set(MEANS) - attacked == {"strays_changed", "shown_changed"}


def test_a_part_does_not_judge_who_named_an_erasure(tmp_path: Path) -> None:
    live(tmp_path / "heads")
    tamper(BLANK)
    call_command("audit", "export", str(tmp_path / "part"), "--to-seal", "999999999")
    done = check(tmp_path / "part")
    assert (done.returncode, done.stderr) == (0, "")


def test_without_the_rows_the_chain_alone_is_checked(tmp_path: Path) -> None:
    live(tmp_path / "heads")
    tamper("DELETE FROM robot_turn")
    call_command("audit", "export", str(tmp_path / "chain"), "--chain-only")
    lines = [json.loads(line) for line in (tmp_path / "chain").read_text().splitlines()]
    assert not any("row" in line for line in lines)
    assert check(tmp_path / "chain").returncode == 0
