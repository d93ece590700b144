"""The gate: the only place where a permission to dial is given.

`reserve` is one durable READ COMMITTED transaction in three messages to the database (locks, facts,
writing; the dialer's own reading comes between the first two), in this order:

1. advisory locks on the keys customer, number, household, in statements of their own;
2. the intent is read again (campaign, approval, script: what the dialer owns);
3. the facts, with the database's time, in one statement;
4. `decide`;
5. the decision is written; for an ALLOW also the ledger's line, the attempt, the spent exemption
   and an entry in the audit;
6. commit. Only then, and until `valid_until`, may the dialer call.

Whoever says "no" takes the same locks (suppressing.py): from that commit on nothing gets through.
Any failure is a block with a DEP_* code; there is no path on which an exception places a call.
"""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.db import Error, connection, transaction

from audit.recording import INSERT, entry, record
from compliance import staff_numbers
from compliance.domain.attempt_state import AttemptState, sources
from compliance.domain.decide import decide
from compliance.domain.decision import Decision, refusal
from compliance.domain.documents import canonical, facts_json, intent_document, intent_json
from compliance.domain.facts import ContactKind, Facts
from compliance.domain.intent import Intent, Purpose
from compliance.domain.pack import EffectivePack, PackError
from compliance.facts import Loaded, load
from compliance.locking import TAKE, TAKE_HOUSEHOLD, keys_of
from compliance.models.attempt import Attempt
from compliance.models.exemption import Exemption
from compliance.models.ledger import Contact
from compliance.models.ledger import Decision as StoredDecision
from database.brief_transactions import BriefTransaction, brief_transaction
from database.prepared import Insertion, Prepared, Statement, Write, run

log = logging.getLogger(__name__)

LOCK_TIMEOUT_MS = 3_000
STATEMENT_TIMEOUT_MS = 5_000
#: After a failure of ours, not before this.
RETRY_AFTER = timedelta(seconds=60)
#: Real seconds between permission and call; the window's end may cut it shorter.
VALID_FOR_S = 10.0

# One message, but each a statement of its own: limits for what follows, and plans for single rows;
# the locks of customer and number; that of the household after them, with the time and the
# decision's id.
_LIMITS = Statement("""
SELECT set_config('lock_timeout', %(lock)s, true), set_config('statement_timeout', %(each)s, true),
    set_config('enable_seqscan', 'off', true)
""")
_PERSONS = Statement(TAKE)
_HOUSEHOLD = Prepared(
    "household",
    f"""
SELECT sanshi_now(), nextval('compliance_decision_id_seq') AS decision_id, home.*
FROM (VALUES (1)) AS one LEFT JOIN ({TAKE_HOUSEHOLD}) AS home ON true
""",  # noqa: S608 - made of constants
)
#: SQLSTATE: unique_violation, lock_not_available.
_UNIQUE, _LOCKED = "23505", "55P03"
_DECISION = Insertion(StoredDecision, numbered=True, also="salt")
_ATTEMPT = Insertion(Attempt)
_LINE = Insertion(Contact)
_NOTE = Prepared("audit", INSERT)
_CHANGE = Prepared(
    "attempt_change",
    """
UPDATE compliance_attempt
SET state = %(state)s, sid = coalesce(%(sid)s, sid), cause = coalesce(%(cause)s, cause),
    settled_at = CASE WHEN %(over)s THEN sanshi_now() ELSE settled_at END
WHERE id = %(id)s AND state = ANY(%(sources)s)
""",
)


@dataclass(frozen=True, slots=True)
class GateResult:
    """`attempt_id` and `valid_until` with an ALLOW, and only then: whoever holds a result that says
    ALLOW holds a permission. `decision_id` None: not even the refusal could be kept.
    """

    decision: Decision
    attempt_id: uuid.UUID | None
    decision_id: int | None
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        parts = {self.attempt_id is not None, self.valid_until is not None}
        if parts != {self.decision.allowed}:
            raise ValueError("a permission without its attempt, or an attempt without permission")


class _KeysChanged(Exception):
    """Between lock and reading, the intent came to be about somebody else."""


class _LedgerFailed(Exception):
    """The permission could not be written down, so there is none."""


def reserve(intent_of: Callable[[], Intent]) -> GateResult:
    """Ask for permission to place one call. Never raises; a failure is a block.

    `intent_of` is called twice: before the locks for their keys, and again under them.
    Must not be called inside a transaction (it would not be durable).
    """
    intent: Intent | None = None
    attempt_id = uuid.uuid4()
    try:
        intent = _read(intent_of)
        return _reserve(intent, intent_of, attempt_id)
    except Exception as error:
        code, observed = _code_of(error)
        log.warning("gate: blocked by a failure: %s %s", code, observed, exc_info=error)
        at, answers = _now_or_real()
        decision = refusal(code, at, observed=observed, retry_at=at + RETRY_AFTER)
        if not answers:
            return GateResult(decision, None, None)
        _take_back(attempt_id)
        return GateResult(decision, None, _keep_refusal(decision, intent))


def _reserve(first: Intent, intent_of: Callable[[], Intent], attempt_id: uuid.UUID) -> GateResult:
    with brief_transaction() as work:
        since, decision_id, household = _open(work, first)
        intent = _read(intent_of)
        if (intent.customer_id, intent.number_id) != (first.customer_id, first.number_id):
            raise _KeysChanged
        loaded = load([(intent.customer_id, intent.number_id)], intent, since=since, within=work)
        facts = _with_staff_number(loaded.facts[0], intent, loaded.now)
        if facts.customer is not None and facts.customer.household != household:
            raise _KeysChanged
        decision = decide(facts, intent, loaded.stack, loaded.now)
        try:
            return _write(work, intent, facts, loaded, decision, decision_id, attempt_id)
        except Error as error:
            raise _LedgerFailed from error


class _IntentFailed(Exception):
    """The dialer could not say what it wants."""


def _read(intent_of: Callable[[], Intent]) -> Intent:
    try:
        intent = intent_of()
    except Error:
        raise
    except Exception as error:
        raise _IntentFailed(type(error).__name__) from error
    if not isinstance(intent, Intent):
        raise _IntentFailed(type(intent).__name__)
    return intent


def _keys(intent: Intent) -> list[int]:
    return keys_of(customer_ids=[intent.customer_id], number_ids=[intent.number_id])


def _with_staff_number(facts: Facts, intent: Intent, now: datetime) -> Facts:
    """A test call is about one of our own telephones; every other dial is left as it is."""
    if intent.purpose is not Purpose.TEST:
        return facts
    return replace(facts, staff_number=staff_numbers.facts_of(intent.staff_number_id, now=now))


def _open(work: BriefTransaction, intent: Intent) -> tuple[datetime, int, str]:
    """Bound the waiting and lock the persons.

    Gives a business instant, from which facts count their reach back, the id that the decision will
    have, and the household.
    """
    limits = {"lock": str(LOCK_TIMEOUT_MS), "each": str(STATEMENT_TIMEOUT_MS)}
    ((at, decision_id, household, _),) = work.begin(
        (_LIMITS, limits),
        (_PERSONS, {"keys": _keys(intent)}),
        (_HOUSEHOLD, {"customer": intent.customer_id}),
    )
    return at, decision_id, household or ""


def _write(
    work: BriefTransaction,
    intent: Intent,
    facts: Facts,
    loaded: Loaded,
    decision: Decision,
    decision_id: int,
    attempt_id: uuid.UUID,
) -> GateResult:
    given = attempt_id if decision.allowed else None
    kept = {"id": decision_id, **_stored(intent, facts, loaded.stack, decision, given)}
    steps: list[Write] = [(_DECISION, kept)]
    if not decision.allowed:
        work.commit(*steps)
        return GateResult(decision, None, decision_id)
    valid_until = loaded.now + timedelta(seconds=VALID_FOR_S * max(1.0, loaded.speed))
    if decision.open_until is not None:
        valid_until = min(valid_until, decision.open_until)
    if decision.exemption_id is not None:
        spent = Exemption.objects.filter(pk=decision.exemption_id, used_at__isnull=True)
        if spent.update(used_at=loaded.now) != 1:
            raise _LedgerFailed
    shared = {
        "purpose": intent.purpose.value,
        "actor": intent.actor.value,
        "customer_id": intent.customer_id,
        "number_id": intent.number_id,
        "household": facts.customer.household if facts.customer else "",
        "campaign_id": intent.campaign_id,
        "product_id": intent.product_id,
        "caller_id_id": intent.caller_id_id,
    }
    attempt = {
        **shared,
        "id": attempt_id,
        "kind": intent.kind.value,
        "lead_id": intent.lead_id,
        "staff_number_id": intent.staff_number_id,
        "idempotency_key": intent.idempotency_key or str(attempt_id),
        "decision_id": decision_id,
        "exemption_id": decision.exemption_id,
        "reserved_at": loaded.now,
        "valid_until": valid_until,
    }
    steps.append((_ATTEMPT, attempt))
    if intent.has_customer or intent.purpose is Purpose.TEST:
        # the line that caps count: it stands from the moment of permission. A test call has one
        # too, marked as such and about nobody.
        product = facts.world.product
        line = {
            **shared,
            "at": loaded.now,
            "kind": ContactKind.ATTEMPT.value,
            "product_family": product.family if product else "",
            "branch_id": facts.customer.branch_id if facts.customer else None,
            "channel": "sms" if intent.purpose is Purpose.MESSAGE else "voice",
            "attempt_id": attempt_id,
        }
        steps.append((_LINE, line))
    noted = {
        "decision": decision_id,
        "customer": intent.customer_id,
        "number": intent.number_id,
        "campaign": intent.campaign_id,
        "packs": list(decision.packs),
    }
    subject = f"attempt:{attempt_id}"
    steps.append((_NOTE, entry(kind="gate.allowed", actor_id=None, subject=subject, payload=noted)))
    work.commit(*steps)
    return GateResult(decision, attempt_id, decision_id, valid_until)


def _stored(
    intent: Intent,
    facts: Facts,
    stack: EffectivePack,
    decision: Decision,
    attempt_id: uuid.UUID | None,
) -> dict[str, Any]:
    """The decision's columns, with everything it was made from.

    The fingerprint begins with the row's salt, which goes when the person is erased: nobody can try
    out then what the blanked facts were.
    """
    facts_text, intent_text = facts_json(facts), intent_json(intent)
    packs_text = _packs_text(tuple((pack.ref, pack.sha256) for pack in stack.packs))
    # canonical JSON of the four together, of which two are large and written once
    inputs = (
        f'{{"at":"{decision.at.isoformat()}","facts":{facts_text},"intent":{intent_text},'
        f'"packs":{packs_text}}}'
    )
    salt = str(uuid.uuid4())
    return {
        **_columns(decision, intent),
        "attempt_id": attempt_id,
        "packs": [f"{pack.ref}#{pack.sha256}" for pack in stack.packs],
        "intent": intent_text,
        "facts": facts_text,
        "decision": canonical(decision.document()),
        "inputs_hash": hashlib.sha256(f"{salt}{inputs}".encode()).hexdigest(),
        "salt": salt,
    }


@lru_cache(maxsize=64)
def _packs_text(packs: tuple[tuple[str, str], ...]) -> str:
    return canonical(packs)


def _columns(decision: Decision, intent: Intent) -> dict[str, Any]:
    """What a stored decision says beside the documents."""
    return {
        "at": decision.at,
        "verdict": decision.verdict.value,
        "codes": decision.codes,
        "customer_id": intent.customer_id,
        "number_id": intent.number_id,
        "campaign_id": intent.campaign_id,
        "lead_id": intent.lead_id,
        "purpose": intent.purpose.value,
        "actor": intent.actor.value,
        "earliest_next": decision.earliest_next,
    }


def _code_of(error: Exception) -> tuple[str, str]:
    """The code of a failure, and a word for people."""
    cause = error.__cause__ if isinstance(error, _LedgerFailed) and error.__cause__ else error
    state = getattr(getattr(cause, "__cause__", None), "pgcode", None) or ""
    if state == _UNIQUE:
        # another reservation of the same customer, number or dial was faster
        again = "idempotency_key" in str(cause)
        return ("ALREADY_RESERVED" if again else "INFLIGHT"), state
    if isinstance(error, _LedgerFailed):
        return "DEP_LEDGER", state
    if isinstance(error, _KeysChanged):
        return "DEP_KEYS_CHANGED", ""
    if isinstance(error, _IntentFailed):
        return "DEP_INTENT", str(error)
    if isinstance(error, Error):
        return ("DEP_LOCK" if state == _LOCKED else "DEP_DATABASE"), state
    if isinstance(error, PackError):
        return "DEP_PACK", type(error).__name__
    return "DEP_INTERNAL", type(error).__name__


def _now_or_real() -> tuple[datetime, bool]:
    """The time, and whether the database gave it; a connection that is lost is replaced."""
    try:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        return _now(), True
    except Exception:
        log.warning("gate: the database gives no time", exc_info=True)
    return datetime.fromtimestamp(time.time(), UTC), False


def _take_back(attempt_id: uuid.UUID) -> None:
    """The commit's answer may have been lost, and the permission with it: nobody will use it.

    What cannot be taken back now, the dialer's sweeper finds.
    """
    try:
        release(attempt_id, "answer_lost")
    except Exception:
        log.warning("gate: attempt %s could not be taken back", attempt_id, exc_info=True)


def _keep_refusal(decision: Decision, intent: Intent | None) -> int | None:
    """Keep a refusal that came from a failure, if the database lets us."""
    if intent is None:
        return None
    try:
        with transaction.atomic():
            stored = StoredDecision.objects.create(
                **_columns(decision, intent),
                packs=[],
                intent=intent_document(intent),
                facts={},
                decision=decision.document(),
                inputs_hash="",
            )
    except Exception:
        log.warning("gate: a refusal could not be kept", exc_info=True)
        return None
    return stored.pk


# --- what becomes of a permission -----------------------------------------------------------------


def bind(attempt_id: uuid.UUID, sid: str) -> bool:
    """The carrier has the call. True also when it was bound to this SID before."""
    changed = _change(attempt_id, AttemptState.BOUND, sid=sid)
    return changed or Attempt.objects.filter(pk=attempt_id, sid=sid).exists()


def release(attempt_id: uuid.UUID, cause: str) -> bool:
    """The carrier *provably* never placed it: the attempt is taken back and no longer counts.

    A spent exemption may be used again. False when the attempt was settled already.
    """
    with transaction.atomic():
        if not _change(attempt_id, AttemptState.RELEASED, cause=cause[:60]):
            return False
        attempt = Attempt.objects.get(pk=attempt_id)
        counted = Contact.objects.filter(attempt_id=attempt_id, kind=ContactKind.ATTEMPT.value)
        for line in counted:
            line.pk = None
            line.kind, line.at = ContactKind.RELEASE.value, _now()
            line.save(force_insert=True)
        if attempt.exemption_id is not None:
            Exemption.objects.filter(pk=attempt.exemption_id).update(used_at=None)
        record(
            kind="gate.released",
            actor_id=None,
            subject=f"attempt:{attempt_id}",
            payload={"cause": cause[:60]},
        )
    return True


def lose(attempt_id: uuid.UUID) -> bool:
    """We cannot establish what became of it: it counts, and is never repeated."""
    with transaction.atomic():
        if not _change(attempt_id, AttemptState.LOST):
            return False
        record(kind="gate.lost", actor_id=None, subject=f"attempt:{attempt_id}", payload={})
    return True


def close(attempt_id: uuid.UUID) -> bool:
    """The call is over. False when the attempt was settled already."""
    return _change(attempt_id, AttemptState.CLOSED)


def _change(
    attempt_id: uuid.UUID, new: AttemptState, *, sid: str | None = None, cause: str | None = None
) -> bool:
    values = {
        "state": new.value,
        "sid": sid,
        "cause": cause,
        "over": new is not AttemptState.BOUND,
        "id": attempt_id,
        "sources": sources(new),
    }
    with connection.cursor() as cursor:
        run(cursor, (_CHANGE, values))
        changed: bool = cursor.rowcount == 1
    return changed


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sanshi_now()")
        found: datetime = cursor.fetchone()[0]
    return found
