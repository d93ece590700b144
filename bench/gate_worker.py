"""A process of the gate's bench: threads that ask for permissions, at a rate or flat out."""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from random import Random
from typing import Any

import django
from django.db import connection

if __name__ == "__main__":
    django.setup()

from compliance.domain.intent import Actor, DialKind, Intent, Purpose
from compliance.gate import close, reserve


def wanted(people: list[list[int]], product: int, line: int, random: Random) -> Intent:
    """A dial: every second one to one of fifty customers whom everybody wants."""
    hot = random.random() < 0.5
    customer, number = people[random.randrange(50 if hot else len(people))]
    return Intent(
        purpose=Purpose.MARKETING,
        actor=Actor.HUMAN,
        kind=DialKind.AGENT,
        customer_id=customer,
        number_id=number,
        product_id=product,
        campaign_id=1,
        caller_id_id=line,
        carrier="sandbox",
        script_approved=True,
        campaign_running=True,
        approval_in_force=True,
        idempotency_key=uuid.uuid4().hex,
    )


def work(order: dict[str, Any]) -> dict[str, Any]:
    """Ask for `seconds`; `rate` 0 is flat out. Gives latencies in ms, from when each was due."""
    waits: list[float] = []
    codes: list[str] = []
    lock = threading.Lock()
    begin = time.perf_counter()
    due = [begin]

    def one(seed: int) -> None:
        random = Random(seed)
        while True:
            with lock:
                mine = due[0] if order["rate"] else time.perf_counter()
                due[0] += 1 / order["rate"] if order["rate"] else 0
            if mine > begin + order["seconds"]:
                break
            time.sleep(max(0.0, mine - time.perf_counter()))
            intent = wanted(order["people"], order["product"], order["line"], random)
            result = reserve(lambda intent=intent: intent)  # type: ignore[misc]
            took = (time.perf_counter() - mine) * 1000
            if result.attempt_id is not None:
                close(result.attempt_id)
            with lock:
                waits.append(took)
                codes.append(result.decision.codes[0] if result.decision.codes else "ALLOW")
        connection.close()

    threads = [threading.Thread(target=one, args=(order["seed"] + n,)) for n in range(order["n"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"waits": waits, "codes": codes, "seconds": time.perf_counter() - begin}


if __name__ == "__main__":
    for text in sys.stdin:
        print(json.dumps(work(json.loads(text))), flush=True)
