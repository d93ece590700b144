"""What the robot understands: `python -m robot.classify < utterances`.

Reads one utterance a line, optionally followed by a tab and the kind of question asked (open,
yes_no, consent, callback_time); writes one JSON object a line. No database.
"""

from __future__ import annotations

import json
import sys
from typing import Final, TextIO, get_args

from robot.domain.intents.cascade import shipped
from robot.domain.script import Question

KINDS: Final[tuple[Question, ...]] = get_args(Question)


def main(lines: TextIO, out: TextIO) -> int:
    classifier = shipped()
    for line in lines:
        text, _, kind = line.rstrip("\r\n").partition("\t")
        question = next((known for known in KINDS if known == kind.strip()), None)
        if kind.strip() and question is None:
            sys.stderr.write(f"unknown question kind {kind.strip()!r}; taken as open\n")
        reading = classifier.read(text, question or "open")
        answer = {
            "text": text,
            "intent": reading.intent,
            "score": round(reading.score, 4),
            "layer": reading.layer,
            "continue": reading.continue_,
        }
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
    out.flush()
    return 0


if __name__ == "__main__":
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    raise SystemExit(main(sys.stdin, sys.stdout))
