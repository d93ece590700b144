"""From a draft to a version that calls may use: asked for, read by a second person, signed.

Whoever wrote a version neither signs it nor has it signed by the one who asked for it. An earlier
version comes back into use the same way: it is asked for and signed again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from accounts.models import User
from approvals import deciding
from approvals.models import Approval
from approvals.reading import pending
from robot import publishing
from robot.domain.validation.checking import check
from robot.intents_in_force import in_force
from robot.jobs import enqueue_voicing
from robot.models import ScriptVersion
from robot.publishing import NotPublishable

#: A signature that was asked for and not given within this time must be asked for anew.
ANSWER_WITHIN: Final = timedelta(days=14)


def subject_of(version: ScriptVersion) -> str:
    """What an approval calls a version."""
    return f"script_version:{version.pk}"


def waiting(version: ScriptVersion, at: datetime) -> Approval | None:
    """The request on this version that nobody has decided yet."""
    return pending(subject_of(version), at)


@transaction.atomic
def ask(version: ScriptVersion, *, maker: User, at: datetime) -> Approval:
    """Ask for a signature. Raises NotPublishable with the findings, ApprovalRefused."""
    findings = [
        *check(version.document, in_force()),
        *publishing.without_gateway(version.document),
    ]
    if findings:
        raise NotPublishable(findings)
    if settings.VOICE_TTS_URL:
        enqueue_voicing(version.pk)  # so that the signature need not wait for the voice
    return deciding.submit(
        subject=subject_of(version),
        content_hash=version.content_hash,
        maker=maker,
        branch=None,
        title=f"{version.script.title} · {version}",
        expires_at=at + ANSWER_WITHIN,
    )


@transaction.atomic
def sign(
    version: ScriptVersion, *, approval: Approval, checker: User, at: datetime, note: str = ""
) -> None:
    """Sign and publish in one step. Raises ApprovalRefused, NotPublishable."""
    if version.author_id == checker.pk:
        raise deciding.MakerIsChecker
    deciding.approve(
        approval=approval, checker=checker, content_hash=version.content_hash, note=note
    )
    publishing.publish(version, publisher=checker, at=at)


def send_back(*, approval: Approval, checker: User, reason: str) -> None:
    """Return it to the writer with a reason. Raises ApprovalRefused."""
    deciding.send_back(approval=approval, checker=checker, reason=reason)


def take_back(*, approval: Approval, actor: User) -> None:
    """The writer no longer asks for it. Raises ApprovalRefused."""
    deciding.withdraw(approval=approval, actor=actor, reason="")
