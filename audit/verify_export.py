"""Checks an exported chain, or the proof in a dossier, on a machine without Sanshi.

    python3 verify_export.py FILE [--anchor HEADS]

Standard library only and nothing of Sanshi's: whoever audits can read it in five minutes. FILE is
what `manage.py audit export FILE` wrote, or a dossier saved as JSON; HEADS the file of anchored
heads. Exit status 0: everything fits; 1: the lines on standard error say what does not; 2: FILE
cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from typing import Any, TextIO


def entry_hash(entry: dict[str, Any]) -> str:
    """SHA-256 over the instant, a line feed, and the content as JSON with sorted keys."""
    content = {name: entry[name] for name in ("actor", "kind", "payload", "subject")}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(f"{entry['at']}\n{text}")


def seal_hash(seal: dict[str, Any]) -> str:
    """SHA-256 over the previous seal's hash, the root and the bounds, a line each."""
    names = ("previous", "root", "below_transaction", "first_id", "last_id", "count")
    return sha256("\n".join(str(seal[name]) for name in names))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Chain:
    """Takes seals in their order, each with the hashes of its entries, and collects what fails."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.heads: set[str] = set()
        self.seals = 0
        self.entries = 0
        self._last: dict[str, Any] | None = None

    def take(self, seal: dict[str, Any], hashes: list[tuple[int, str]] | None) -> None:
        """`hashes` are the batch's (id, hash) in order of id; None when they are not at hand."""
        name = f"seal {seal['id']}"
        if seal_hash(seal) != seal["hash"]:
            self.faults.append(f"{name}: its hash is not that of its content")
        last = self._last
        if last is not None and (
            seal["previous"] != last["hash"]
            or seal["below_transaction"] <= last["below_transaction"]
        ):
            self.faults.append(f"{name}: does not follow seal {last['id']}")
        if hashes is not None:
            root = sha256("".join(digest for _, digest in hashes))
            bounds = (hashes[0][0], hashes[-1][0], len(hashes)) if hashes else (0, 0, 0)
            if (root, *bounds) != (
                seal["root"], seal["first_id"], seal["last_id"], seal["count"],
            ):  # fmt: skip
                self.faults.append(f"{name}: its entries are not those that were sealed")
        self._last = seal
        self.seals += 1
        self.heads.add(seal["hash"])

    def check_entry(self, entry: dict[str, Any]) -> None:
        self.entries += 1
        if entry_hash(entry) != entry["hash"]:
            self.faults.append(f"entry {entry['id']}: its hash is not that of its content")


def check_lines(file: TextIO) -> Chain:
    """A chain in lines: each seal followed by its entries."""
    chain = Chain()
    for seal, entries in _grouped(file):
        for entry in entries:
            chain.check_entry(entry)
        chain.take(seal, [(entry["id"], entry["hash"]) for entry in entries])
    return chain


def _grouped(file: TextIO) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    seal: dict[str, Any] | None = None
    entries: list[dict[str, Any]] = []
    for line in file:
        document = json.loads(line)
        if "seal" in document:
            if seal is not None:
                yield seal, entries
            seal, entries = document["seal"], []
        else:
            entries.append(document["entry"])
    if seal is not None:
        yield seal, entries


def check_proof(proof: dict[str, Any]) -> Chain:
    """The proof of a few entries: each in its batch, its batch under its seal, the seals linked."""
    chain = Chain()
    batches = proof["batches"]
    for seal in proof["seals"]:
        batch = batches.get(str(seal["id"]))
        chain.take(seal, None if batch is None else [(row[0], row[1]) for row in batch])
    for entry in proof["entries"]:
        chain.check_entry(entry)
        if entry["id"] in proof["unsealed"]:
            continue
        if [entry["id"], entry["hash"]] not in batches.get(str(entry["seal"]), []):
            chain.faults.append(f"entry {entry['id']}: is not in the batch of seal {entry['seal']}")
    sealed = {str(seal["id"]) for seal in proof["seals"]}
    chain.faults += [f"seal {missing}: is missing" for missing in sorted(set(batches) - sealed)]
    for row in proof.get("rows", []):
        _check_row(chain, proof, row)
    return chain


def _check_row(chain: Chain, proof: dict[str, Any], row: dict[str, Any]) -> None:
    """A row of another ledger: its hash is in the batch that an entry of the chain describes, and
    its personal columns, where they are not erased, are those that it commits to.
    """
    name = f"{row['table']} {row['id']}"
    values = json.loads(row["text"])
    for column, opening in row["openings"].items():
        committed = values[row["columns"].index(column)]
        if sha256(opening["salt"] + opening["text"]) != committed:
            chain.faults.append(f"{name}: {column} is not what was written")
    if row["entry"] is None:
        return
    batch = proof["row_batches"].get(str(row["entry"]), [])
    if [row["id"], sha256(row["text"])] not in batch:
        chain.faults.append(f"{name}: its hash is not that of its content, or not in its batch")
    entry = next((each for each in proof["entries"] if each["id"] == row["entry"]), None)
    root = sha256("".join(digest for _, digest in batch))
    if entry is None or entry["subject"] != row["table"] or entry["payload"].get("root") != root:
        chain.faults.append(f"{name}: no entry says that it was written")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file")
    parser.add_argument("--anchor", help="heads, of which at least one must be in the chain")
    options = parser.parse_args(arguments)
    unsealed = 0
    try:
        with open(options.file, encoding="utf-8") as file:  # noqa: PTH123 - stands alone
            first = file.readline()
            file.seek(0)
            if first.startswith(('{"seal"', '{"entry"')):
                chain = check_lines(file)
            else:
                document = json.load(file)
                proof = document.get("proof", document)
                chain = check_proof(proof)
                unsealed = len(proof["unsealed"])
                unsealed += sum(1 for row in proof.get("rows", []) if row["entry"] is None)
        heads = set()
        if options.anchor:
            with open(options.anchor, encoding="utf-8") as file:  # noqa: PTH123
                heads = {json.loads(line)["hash"] for line in file if line.strip()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write(f"{options.file} cannot be read: {error!r}\n")
        return 2
    if options.anchor and not heads & chain.heads:
        chain.faults.append("no anchored head is in this part of the chain")
    sys.stdout.write(f"{chain.seals} seals, {chain.entries} entries, {unsealed} not sealed yet\n")
    for fault in chain.faults:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write("FAULTS\n" if chain.faults else "everything fits\n")
    return 1 if chain.faults else 0


if __name__ == "__main__":
    sys.exit(main())
