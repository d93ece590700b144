"""Bringing script versions into the world: stored once, proven, then immutable."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accounts.models import User
from approvals import reading as approvals
from audit import recording as audit
from clock import reading as clock
from robot.domain.documents import canonical, content_hash, read_yaml
from robot.domain.script import Script as Document
from robot.domain.validation.checking import Finding, check
from robot.domain.versions import VersionState
from robot.intents_in_force import in_force
from robot.models import Script, ScriptVersion
from robot.voicing import NotVoiced, manifest, manifest_hash

SHIPPED: Final = Path(__file__).parent / "scripts"


class NotPublishable(ValueError):
    """The script breaks rules of publishing; `findings` says which."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("; ".join(f"{finding.rule} {finding.node}" for finding in findings))
        self.findings = findings


class NotApproved(PermissionError):
    """Nobody but the author has approved this wording."""


def store(text: str, *, author: User | None, at: datetime) -> ScriptVersion:
    """Keep a document as a draft; the version that is already there if nothing changed.

    ScriptUnreadable if it cannot be read.
    """
    return _keep(read_yaml(text), text, author=author, at=at)


@transaction.atomic
def _keep(script: Document, text: str, *, author: User | None, at: datetime) -> ScriptVersion:
    document = canonical(script)
    digest = content_hash(document)
    owner, _ = Script.objects.get_or_create(
        code=script.id,
        defaults={"title": script.title or script.id, "title_en": script.title_en or ""},
    )
    Script.objects.select_for_update().get(pk=owner.pk)
    same = owner.versions.filter(content_hash=digest).first()
    if same is not None:
        return same
    last = owner.versions.aggregate(last=Max("number"))["last"] or 0
    return ScriptVersion.objects.create(
        script=owner,
        number=last + 1,
        document=document,
        source=text,
        content_hash=digest,
        author=author,
        created_at=at,
    )


@transaction.atomic
def publish(version: ScriptVersion, *, publisher: User, at: datetime) -> None:
    """Release a version for calls: proven by validation, approved by somebody else."""
    if approvals.in_force(f"script_version:{version.pk}", version.content_hash, at) is None:
        raise NotApproved
    _release(version, actor_id=publisher.pk, at=at)


@transaction.atomic
def retire(version: ScriptVersion, *, actor: User, at: datetime) -> bool:
    """Take a version out of use for new campaigns; True if it was published."""
    changed = ScriptVersion.objects.filter(
        pk=version.pk, state=VersionState.PUBLISHED.value
    ).update(state=VersionState.RETIRED.value)
    if changed:
        _record("robot.version_retired", version, actor.pk)
    return bool(changed)


def install_shipped_scripts() -> list[ScriptVersion]:
    """Publish the scripts that come with the house; twice does nothing the second time.

    They were reviewed with the code, so the approval of a bank's own wording does not apply.
    """
    at = clock.now()
    versions = []
    for path in sorted(SHIPPED.glob("*.yaml")):
        version = _keep(*_shipped(path), author=None, at=at)
        with transaction.atomic():
            _release(version, actor_id=None, at=at)
        version.refresh_from_db()
        versions.append(version)
    return versions


@cache
def _shipped(path: Path) -> tuple[Document, str]:
    """A script and its text. They come with the code: read once a process."""
    text = path.read_text(encoding="utf-8")
    return read_yaml(text), text


def _release(version: ScriptVersion, *, actor_id: int | None, at: datetime) -> None:
    findings = [*check(version.document, in_force()), *without_gateway(version.document)]
    if findings:
        raise NotPublishable(findings)
    unpublished = ScriptVersion.objects.filter(pk=version.pk).exclude(
        state=VersionState.PUBLISHED.value
    )
    if not unpublished.exists():
        return
    try:
        sound = manifest(version, at=at)
    except NotVoiced as error:
        raise NotPublishable(error.findings) from error
    voice_hash = manifest_hash(sound)
    changed = unpublished.update(
        state=VersionState.PUBLISHED.value,
        published_at=at,
        voice_manifest=sound,
        voice_hash=voice_hash,
    )
    if changed:
        _record("robot.version_published", version, actor_id, voice=voice_hash)


def without_gateway(document: dict[str, Any]) -> list[Finding]:
    """V22: a text is promised and no gateway of the bank is set up to send it."""
    if settings.SMS_GATEWAY_URL and settings.SMS_GATEWAY_SECRET:
        return []
    return [
        Finding(
            "V22",
            name,
            (name,),
            f"节点 {name} 承诺发送短信，但尚未配置短信网关",
            f"node {name} promises a text, and no SMS gateway is set up",
            "配置 SMS_GATEWAY_URL 与 SMS_GATEWAY_SECRET，或去掉 sms。",
            "Set SMS_GATEWAY_URL and SMS_GATEWAY_SECRET, or take sms out.",
        )
        for name, node in document.get("nodes", {}).items()
        if node.get("sms")
    ]


def _record(kind: str, version: ScriptVersion, actor_id: int | None, **more: str) -> None:
    audit.record(
        kind=kind,
        actor_id=actor_id,
        subject=f"script_version:{version.pk}",
        payload={
            "script": version.script.code,
            "number": version.number,
            "hash": version.content_hash,
            **{name: value for name, value in more.items() if value},
        },
    )
