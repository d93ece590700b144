"""What the workbench asks while somebody works: proof, one changed value, one step of a chat.

Nothing here is stored. A source that cannot be read is no error of the request: its faults come
back with their lines.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, cast

from django.http import HttpRequest, HttpResponseBadRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.translation import get_language
from django.views.decorators.http import require_POST
from pydantic import ValidationError

from accounts.permissions import Page, requires
from clock.reading import now as clock_now
from console.texts.documents import fault_rows
from console.texts.workbench import held_text
from robot.domain import engine, trying
from robot.domain.documents import ScriptUnreadable, canonical, read_yaml
from robot.domain.drawing import picture
from robot.domain.editing import changed
from robot.domain.golden import examples
from robot.domain.script import Question, Script
from robot.domain.steps import End, Heard, Listen, Say, State, Step, Transfer
from robot.domain.validation.checking import prove
from robot.domain.validation.findings import Finding
from robot.intents_in_force import in_force
from robot.publishing import without_gateway

MAX_SAID = 500


@require_POST
@requires(Page.WORKBENCH)
def check(request: HttpRequest) -> JsonResponse:
    """Everything that is known of a source: faults or findings, picture, matrix, dialogues."""
    try:
        script = read_yaml(request.POST.get("source", ""))
    except ScriptUnreadable as error:
        return _unreadable(error)
    rows = trying.matrix(script) if _whole(script) else []
    return JsonResponse(
        {
            "faults": [],
            "findings": [
                _finding(one)
                for one in (*prove(script, in_force()), *without_gateway(canonical(script)))
            ],
            "picture": picture(script),
            "document": script.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "matrix": {
                "columns": trying.COLUMNS,
                "rows": [
                    {"node": row.node, "cells": [asdict(cell) for cell in row.cells]}
                    for row in rows
                ],
            },
            "dialogues": (
                [asdict(one) for one in trying.dialogues(script, in_force())] if rows else []
            ),
            "vars": dict(examples(script)),
        }
    )


@require_POST
@requires(Page.WRITING)
def change(request: HttpRequest) -> HttpResponseBase:
    """The source with one value changed: `path` (JSON list of keys) and `value` (JSON)."""
    try:
        path = json.loads(request.POST.get("path", ""))
        value = json.loads(request.POST.get("value", ""))
    except ValueError:
        return HttpResponseBadRequest()
    if not isinstance(path, list) or not path or not all(isinstance(key, str) for key in path):
        return HttpResponseBadRequest()
    try:
        return JsonResponse({"source": changed(request.POST.get("source", ""), path, value)})
    except ScriptUnreadable as error:
        return _unreadable(error)


@require_POST
@requires(Page.WORKBENCH)
def chat(request: HttpRequest) -> HttpResponseBase:
    """One step of a try-out: `state` as the last answer gave it (empty = begin), and what was
    `said` (text, "#9" for a key, "!no_agent" for a transfer's result, empty for silence).
    """
    try:
        script = read_yaml(request.POST.get("source", ""))
    except ScriptUnreadable as error:
        return _unreadable(error)
    at = clock_now()
    try:
        given = json.loads(request.POST.get("vars", "") or "{}")
        before = request.POST.get("state", "")
        state = State.load(json.loads(before)) if before else None
    except (ValueError, ValidationError):
        return HttpResponseBadRequest()
    values = {**examples(script), **(given if isinstance(given, dict) else {})}
    if state is None:
        step = engine.begin(script, values, at=at)
    elif state.node not in script.nodes:
        return JsonResponse({"gone": state.node}, status=409)
    else:
        said = request.POST.get("said", "")[:MAX_SAID]
        step = _step(script, state, said, request, at)
        return JsonResponse({**_step_document(step), "held": _held(step, said)})
    return JsonResponse(_step_document(step))


def _step(script: Script, state: State, said: str, request: HttpRequest, at: Any) -> Step:
    if said.startswith("!"):
        return engine.resume(script, state, said[1:], at=at)
    heard = Heard(
        at=at,
        text="" if said.startswith("#") else said,
        digits=said[1:] if said.startswith("#") else "",
        can_transfer=request.POST.get("can_transfer", "1") == "1",
    )
    return engine.step(script, state, heard, in_force())


def _held(step: Step, said: str) -> str:
    """Which gate kept an answer from counting: the words are read once more, for the writer."""
    question = step.trace.question
    if not question or not said or said[0] in "#!":
        return ""
    return held_text(in_force().read(said, cast("Question", question), None))


def _step_document(step: Step) -> dict[str, Any]:
    """A step as the chat shows it."""
    said = [{"text": r.text, "node": r.node} for r in step.replies if isinstance(r, Say)]
    end = next((reply for reply in step.replies if isinstance(reply, End)), None)
    return {
        "state": json.dumps(step.state.dump(), ensure_ascii=False),
        "said": said,
        "trace": step.trace.model_dump(mode="json"),
        "node": step.state.node,
        "slots": dict(step.state.slots),
        "effects": [effect.name for effect in step.effects],
        "listens": any(isinstance(reply, Listen) for reply in step.replies),
        "waits": any(isinstance(reply, Transfer) for reply in step.replies) or step.state.parked,
        "ended": step.state.ended,
        "outcome": end.outcome if end else step.state.outcome,
        "grade": step.state.grade,
    }


def _whole(script: Script) -> bool:
    """Whether every target exists: a dialogue through a hole cannot be tried."""
    targets = [script.start, script.no_input.then, script.no_match.then, *script.safety.values()]
    return all(target in script.nodes for target in targets)


def _finding(one: Finding) -> dict[str, Any]:
    chinese = (get_language() or "zh").startswith("zh")
    return {
        "rule": one.rule,
        "node": one.node,
        "path": list(one.path),
        "text": one.zh if chinese else one.en,
        "mend": one.mend_zh if chinese else one.mend_en,
    }


def _unreadable(error: ScriptUnreadable) -> JsonResponse:
    return JsonResponse({"faults": fault_rows(error.faults)}, status=422)
