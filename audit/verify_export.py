"""Checks an exported chain, or the proof in a dossier, on a machine without Sanshi.

    python3 verify_export.py FILE [--anchor HEADS]

Standard library only and nothing of Sanshi's: whoever audits can read it in ten minutes. FILE is
what `manage.py audit export FILE` wrote, or a dossier saved as JSON; HEADS the file of anchored
heads. It finds what `manage.py audit verify` finds, by the same names. Exit status 0: everything
fits; 1: the lines on standard error say what does not; 2: FILE cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

#: What may be found, and what it means.
MEANS = {
    "entry_changed": "its content does not give its hash",
    "seal_changed": "its own hash is wrong, or it does not follow the one before",
    "entry_unsealed": "seals were made long after it, and none covers it",
    "batch_changed": "its entries are not those that were sealed",
    "ledger_changed": "rows are not those that were written",
    "ledger_gap": "what is sealed of a ledger does not follow what was sealed before",
    "erased_unnamed": "personal data was blanked, and no entry says by whose signed decision",
    "erased_filled": "an erased row holds something again",
    "strays_changed": "what was written before a rebase is not what it says",
    "head_missing": "an anchored head is not in the chain",
    "shown_changed": "what the document shows is not what its proof holds",
}
#: Beyond this many faults the proof of damage is complete enough.
MAX_FAULTS = 1000

#: The sealer works every few seconds; what waits for the end of a long transaction, longer. What is
#: so much older than the newest seal, and under none, was given a number that no seal reaches.
SEALED_WITHIN_S = 3600

GENESIS = "0" * 64
#: Why nothing can be said of a chain's end: a file of anchored heads that is empty.
NO_HEADS = "the file of anchored heads holds none"
SEALED, ERASED, REBASED = "ledger.sealed", "ledger.erased", "audit.rebased"
APPROVED = "approval.approved"
ENTRIES = "audit_entry"

#: Parts of a dossier: the ledger each is from, and all that it shows of a row. A name that differs
#: from the ledger's column stands before it (name=column).
SHOWN: dict[str, tuple[str, str]] = {
    "decisions": (
        "compliance_decision",
        "id at verdict codes earliest_next packs decision intent facts inputs_hash",
    ),
    "contacts": ("compliance_contact", "id at kind outcome actor purpose channel"),
    "events": ("dialer_callevent", "id at call_id old new cause"),
    "turns": (
        "robot_turn",
        "id at phase index heard=text keys=digits confidence intent score layer node node_after"
        " said model=model_hash",
    ),
}


@dataclass(frozen=True)
class Fault:
    """One thing that does not fit; `code` is one of MEANS."""

    code: str
    seal_id: int | None = None
    entry_id: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        seal = "" if self.seal_id is None else f" seal {self.seal_id}"
        entry = "" if self.entry_id is None else f" entry {self.entry_id}"
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.code}{seal}{entry}: {MEANS[self.code]}{detail}"


def entry_hash(entry: dict[str, Any]) -> str:
    """SHA-256 over the instant, a line feed, and the content as JSON with sorted keys."""
    content = {name: entry[name] for name in ("actor", "kind", "payload", "subject")}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(f"{entry['at']}\n{text}")


def seal_hash(seal: dict[str, Any]) -> str:
    """SHA-256 over the previous seal's hash, the root and the bounds, a line each; from version 2
    on over the version and the instant, too.
    """
    names = ["previous", "root", "below_transaction", "first_id", "last_id", "count"]
    if seal.get("version", 1) > 1:
        names += ["version", "at"]
    return sha256("\n".join(str(seal[name]) for name in names))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def counts(said: Any, *names: str) -> bool:
    """Whether an entry's description of rows has these numbers, and the bounds of a batch."""
    wanted = (*names, "first_id", "last_id", "count")
    return isinstance(said, dict) and all(isinstance(said.get(name), int) for name in wanted)


def rebased(payload: Any) -> bool:
    """Whether an entry describes the strays of each ledger as a rebase does."""
    ledgers = payload.get("ledgers") if isinstance(payload, dict) else None
    return (
        isinstance(ledgers, dict)
        and isinstance(payload.get("seal"), int)
        and ENTRIES in ledgers
        and all(counts(said, "below", "after_id") for said in ledgers.values())
    )


class Batch:
    """Rows as they come, against what was said about them: bounds, number, and the hash over their
    hashes in order of id.
    """

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self.first_id = self.last_id = self.count = 0
        self._digest = hashlib.sha256()

    def add(self, row_id: int, digest: str) -> None:
        self.first_id = self.first_id if self.count else row_id
        self.last_id = row_id
        self.count += 1
        self._digest.update(digest.encode())

    @property
    def fits(self) -> bool:
        found = (self.first_id, self.last_id, self.count, self._digest.hexdigest())
        return found == tuple(
            self.said.get(key) for key in ("first_id", "last_id", "count", "root")
        )


class Chain:
    """Takes seals, entries and rows in the order of the export, and collects what fails."""

    def __init__(self, *, begins: bool = False, ends: bool = False, rows: bool = False) -> None:
        #: the export reaches back to the first seal; on to the newest; holds the ledgers' rows
        self.begins, self.ends, self.with_rows = begins, ends, rows
        self.faults: list[Fault] = []
        self.heads: set[str] = set()
        self.seals = self.entries = self.rows = self.unsealed = 0
        self.first: dict[str, Any] | None = None
        self.last: dict[str, Any] | None = None
        self._batch: Batch | None = None
        #: what the last entry says of other ledgers' rows, by table; those follow it
        self._promised: dict[str, tuple[Batch, Fault]] = {}
        #: up to which transaction each ledger is sealed
        self._below: dict[str, int] = {}
        self._blanked: set[tuple[str, int]] = set()
        #: by an entry: the decision that it gives, and the rows
        self._named: dict[int, tuple[Any, set[tuple[str, int]]]] = {}
        #: the first signature under each decision
        self._signed: dict[Any, int] = {}

    def blame(self, fault: Fault) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)

    def seal(self, seal: dict[str, Any]) -> None:
        """The next seal; its entries follow, or are not at hand."""
        self.close()
        wrong = seal_hash(seal) != seal["hash"]
        if self.last is not None or self.begins:
            last = self.last or {"hash": GENESIS, "below_transaction": 0}
            wrong = (
                wrong
                or seal["previous"] != last["hash"]
                or seal["below_transaction"] <= last["below_transaction"]
            )
        if wrong:
            self.blame(Fault("seal_changed", seal_id=seal["id"]))
        self.first = self.first or seal
        self.last = seal
        self.seals += 1
        self.heads.add(seal["hash"])

    def expect_batch(self) -> None:
        """The entries under the last seal follow."""
        assert self.last is not None
        self._batch = Batch(self.last)

    def take_hash(self, entry_id: int, digest: str) -> None:
        """An entry's hash, in its place."""
        if self._batch is None:
            self.unsealed += 1
        else:
            self._batch.add(entry_id, digest)

    def entry(self, entry: dict[str, Any]) -> None:
        """The next entry, in its place."""
        self._keep_promises()
        self.check_entry(entry)
        if self._batch is None:
            self.check_pace(entry)
        self.take_hash(entry["id"], entry["hash"])
        subject, said = entry["subject"], entry["payload"]
        if entry["kind"] == SEALED and self.with_rows:
            self._promise(entry["id"], subject, said)
        elif entry["kind"] == REBASED and self.with_rows and rebased(said):
            for table, strays in said["ledgers"].items():
                self._promised[table] = Batch(strays), Fault("strays_changed")

    def check_entry(self, entry: dict[str, Any]) -> None:
        """An entry by itself, and what it says about erasing."""
        self.entries += 1
        if entry_hash(entry) != entry["hash"]:
            self.blame(Fault("entry_changed", entry_id=entry["id"]))
        if entry["kind"] == ERASED and isinstance(entry["payload"].get("rows"), list):
            said = {(entry["subject"], row) for row in entry["payload"]["rows"] if type(row) is int}
            self._named[entry["id"]] = (str(entry["payload"].get("decision")), said)
        if entry["kind"] == APPROVED:
            earlier = self._signed.get(entry["subject"], entry["id"])
            self._signed[entry["subject"]] = min(earlier, entry["id"])

    def check_pace(self, entry: dict[str, Any]) -> None:
        """An entry that no seal covers is a young one."""
        if self.last is not None:
            waited = _moment(self.last["at"]) - _moment(entry["at"])
            if waited.total_seconds() > SEALED_WITHIN_S:
                self.blame(Fault("entry_unsealed", entry_id=entry["id"]))

    def _promise(self, entry_id: int, table: str, said: Any) -> None:
        gap = Fault("ledger_gap", entry_id=entry_id, detail=table)
        if not counts(said, "since", "below"):
            self.blame(gap)
            return
        since = self._below.get(table, 0 if self.begins else said["since"])
        if said["since"] != since or said["below"] <= since:
            self.blame(gap)
        self._below[table] = said["below"]
        self._promised[table] = Batch(said), Fault("ledger_changed", entry_id=entry_id)

    def row(self, row: dict[str, Any]) -> None:
        """A row of another ledger that the last entry speaks of, or that nobody has sealed yet."""
        self.rows += 1
        self._take_row(row["table"], row["id"], sha256(row["text"]))
        if row.get("erased"):
            self._blanked.add((row["table"], row["id"]))
        if row.get("filled"):
            self.blame(Fault("erased_filled", detail=f"{row['table']} {row['id']}"))

    def stray(self, entry: dict[str, Any]) -> None:
        """An entry that was written before a rebase, after the restoring."""
        self.check_entry(entry)
        self._take_row(ENTRIES, entry["id"], entry["hash"])

    def _take_row(self, table: str, row_id: int, digest: str) -> None:
        if table in self._promised:
            self._promised[table][0].add(row_id, digest)
        else:
            self.unsealed += 1

    def close(self) -> None:
        """What the entries and rows so far belong to is complete."""
        self._keep_promises()
        if self._batch is not None and not self._batch.fits:
            assert self.last is not None
            detail = f"{self._batch.count} entries found, {self.last['count']} sealed"
            self.blame(Fault("batch_changed", seal_id=self.last["id"], detail=detail))
        self._batch = None

    def _keep_promises(self) -> None:
        for table, (batch, fault) in self._promised.items():
            if not batch.fits:
                said = batch.said
                detail = (
                    f"{table} {said['first_id']}-{said['last_id']}:"
                    f" {batch.count} rows found, {said['count']} sealed"
                )
                self.blame(Fault(fault.code, fault.seal_id, fault.entry_id, detail))
        self._promised = {}

    def finish(self) -> None:
        """The end. What names an erasure may stand behind a part's end: then nothing is said of it;
        what signed it, before a part's beginning.
        """
        self.close()
        if self.ends:
            self.check_erased(signed=self.begins)

    def check_erased(self, *, signed: bool) -> None:
        """Every blanked row is named by an entry, and by a decision that was signed before it."""
        named: set[tuple[str, int]] = set()
        for entry_id, (decision, said) in self._named.items():
            if not signed or self._signed.get(decision, entry_id) < entry_id:
                named |= said
        for table, row_id in sorted(self._blanked - named):
            self.blame(Fault("erased_unnamed", detail=f"{table} {row_id}"))

    def blanked(self, table: str, row_id: int) -> None:
        self._blanked.add((table, row_id))

    def check_heads(self, heads: Iterable[tuple[int, str]]) -> None:
        """Each anchored (seal, hash) within the part at hand is in it, and at least one is."""
        wanted = {(seal_id, digest) for seal_id, digest in heads if digest != GENESIS}
        if not wanted:
            self.blame(Fault("head_missing", detail=NO_HEADS))
            return
        first = 0 if self.begins or self.first is None else self.first["id"]
        last = None if self.ends or self.last is None else self.last["id"]
        for seal_id, digest in sorted(wanted, key=lambda head: head[1]):
            inside = seal_id >= first and (last is None or seal_id <= last)
            if inside and digest not in self.heads:
                self.blame(Fault("head_missing", detail=digest))
        if not (self.begins and self.ends) and not self.heads & {digest for _, digest in wanted}:
            self.blame(Fault("head_missing", detail="there is none in this part of the chain"))


def check_lines(file: TextIO) -> Chain:
    """An export: what it holds; each seal followed by its entries, each of these by the rows of
    other ledgers that it seals; last what is not sealed yet.
    """
    chain = Chain()
    for line in file:
        for kind, document in json.loads(line).items():
            match kind:
                case "export":
                    chain = Chain(**{name: document[name] for name in ("begins", "ends", "rows")})
                case "seal":
                    chain.seal(document)
                    chain.expect_batch()
                case "unsealed":
                    chain.close()
                case "entry":
                    chain.entry(document)
                case "stray":
                    chain.stray(document)
                case "row":
                    chain.row(document)
                case _:
                    raise ValueError(f"a line of an unknown kind: {kind}")
    chain.finish()
    return chain


def check_document(document: dict[str, Any]) -> Chain:
    """A dossier: its proof, and that what it shows is what the proof holds."""
    proof = document.get("proof", document)
    chain = check_proof(proof)
    if "proof" in document:
        for part, (table, names) in SHOWN.items():
            for found in _not_shown(document, part, table, names):
                chain.blame(Fault("shown_changed", detail=found))
    if "sha256" in document:
        without = ("sha256", "proof", "made_at")
        content = {name: document[name] for name in document if name not in without}
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        if sha256(text) != document["sha256"]:
            chain.blame(Fault("shown_changed", detail="not what its fingerprint was taken of"))
        for found in _unsigned(document, proof):
            chain.blame(Fault("shown_changed", detail=found))
    return chain


def _unsigned(document: dict[str, Any], proof: dict[str, Any]) -> list[str]:
    """Lists of a certificate whose signed content is not what an entry of the audit says."""
    said = {
        (entry["subject"], entry["payload"].get("content_hash"))
        for entry in proof["entries"]
        if isinstance(entry["payload"], dict)
    }
    return [
        f"lists {each['id']}"
        for each in document.get("lists", [])
        if each["content_hash"] and (f"target_list:{each['id']}", each["content_hash"]) not in said
    ]


def check_proof(proof: dict[str, Any]) -> Chain:
    """The proof of a few entries: each in its batch, its batch under its seal, the seals linked."""
    chain = Chain()
    batches = proof["batches"]
    for seal in proof["seals"]:
        chain.seal(seal)
        if str(seal["id"]) in batches:
            chain.expect_batch()
            for entry_id, digest in batches[str(seal["id"])]:
                chain.take_hash(entry_id, digest)
    chain.close()
    for entry in proof["entries"]:
        chain.check_entry(entry)
        if entry["id"] in proof["unsealed"]:
            chain.unsealed += 1
            chain.check_pace(entry)
        elif [entry["id"], entry["hash"]] not in batches.get(str(entry["seal"]), []):
            detail = f"is not in the batch of seal {entry['seal']}"
            chain.blame(Fault("batch_changed", entry_id=entry["id"], detail=detail))
    sealed = {str(seal["id"]) for seal in proof["seals"]}
    for missing in sorted(set(batches) - sealed):
        chain.blame(Fault("seal_changed", seal_id=int(missing), detail="is missing"))
    for row in proof.get("rows", []):
        _check_row(chain, proof, row)
    chain.check_erased(signed=True)
    return chain


def _check_row(chain: Chain, proof: dict[str, Any], row: dict[str, Any]) -> None:
    """A row of another ledger: its hash is in the batch that an entry of the chain describes, and
    its personal columns, where they are not erased, are those that it commits to.
    """
    chain.rows += 1
    name = f"{row['table']} {row['id']}"
    values = json.loads(row["text"])
    for column, opening in row["openings"].items():
        committed = values[row["columns"].index(column)]
        if sha256(opening["salt"] + opening["text"]) != committed:
            chain.blame(Fault("ledger_changed", detail=f"{name}: {column}"))
    if row.get("erased"):
        chain.blanked(row["table"], row["id"])
        if row["openings"]:
            chain.blame(Fault("erased_filled", detail=name))
    if row["entry"] is None:
        chain.unsealed += 1
        return
    batch = proof["row_batches"].get(str(row["entry"]), [])
    if [row["id"], sha256(row["text"])] not in batch:
        chain.blame(Fault("ledger_changed", detail=f"{name}: not in its batch"))
    entry = next((each for each in proof["entries"] if each["id"] == row["entry"]), None)
    root = sha256("".join(digest for _, digest in batch))
    if entry is None or entry["subject"] != row["table"] or entry["payload"].get("root") != root:
        detail = f"{name}: no entry says that it was written"
        chain.blame(Fault("ledger_changed", entry_id=row["entry"], detail=detail))
    elif not set(entry["payload"].get("erasable", ())) <= set(row["openings"]):
        # whoever leaves the openings out says that the row was erased
        chain.blanked(row["table"], row["id"])


def _not_shown(document: dict[str, Any], part: str, table: str, names: str) -> list[str]:
    """What a part of a dossier shows that is not proved, or does not show that is."""
    proved = {row["id"]: row for row in document["proof"].get("rows", []) if row["table"] == table}
    columns = {name.split("=")[0]: name.split("=")[-1] for name in names.split()}
    shown = document.get(part)
    shown = shown if isinstance(shown, list) else []
    found = []
    for item in shown:
        row = proved.get(item["id"])
        missing = sorted(set(columns) - set(item))
        if row is None or not _shows(item, columns, row):
            found.append(f"{part} {item['id']}")
        elif missing:
            found.append(f"{part} {item['id']}: without {', '.join(missing)}")
    left_out = sorted(set(proved) - {item["id"] for item in shown})
    return [*found, *(f"{part} {row_id}: not shown" for row_id in left_out)]


def _shows(item: dict[str, Any], columns: dict[str, str], row: dict[str, Any]) -> bool:
    """Whether a part of the document shows the row's own values, and of erased ones nothing."""
    values = dict(zip(row["columns"], json.loads(row["text"]), strict=True))
    for column in row["erasable"]:
        opening = row["openings"].get(column)
        values[column] = None if opening is None else json.loads(opening["text"])
    for name, shown in item.items():
        column = columns.get(name, "")
        if column not in values or not _same(shown, values[column]):
            return False
    return True


def _same(shown: Any, value: Any) -> bool:
    """Whether they say the same: of nothing any nothing, of instants any spelling."""
    if shown == value or not (shown or value):
        return True
    if isinstance(shown, str) and isinstance(value, str):
        try:
            return datetime.fromisoformat(shown) == datetime.fromisoformat(value)
        except (ValueError, TypeError):
            return False
    return False


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file")
    parser.add_argument("--anchor", help="heads, which must be in the chain")
    options = parser.parse_args(arguments)
    try:
        with open(options.file, encoding="utf-8") as file:  # noqa: PTH123 - stands alone
            first = file.readline()
            file.seek(0)
            if first.startswith(('{"export"', '{"seal"', '{"entry"')):
                chain = check_lines(file)
            else:
                chain = check_document(json.load(file))
        if options.anchor:
            with open(options.anchor, encoding="utf-8") as file:  # noqa: PTH123
                heads = [json.loads(line) for line in file if line.strip()]
            chain.check_heads([(head["seal"], head["hash"]) for head in heads])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write(f"{options.file} cannot be read: {error!r}\n")
        return 2
    sys.stdout.write(
        f"{chain.seals} seals, {chain.entries} entries, {chain.rows} rows of other ledgers,"
        f" {chain.unsealed} not sealed yet\n"
    )
    for fault in chain.faults:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write("FAULTS\n" if chain.faults else "everything fits\n")
    return 1 if chain.faults else 0


if __name__ == "__main__":
    sys.exit(main())
