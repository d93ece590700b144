"""The three-appropriates certificate of a campaign: the right product for the right customer at the
right time, by the right channel, and the proof that nobody was called otherwise.

The document is plain JSON without anybody's name or number among the customers; page and PDF are
made from it. It says as of when it is (the last line of the ledger) and not when it was made: the
same data give the same bytes. `proof` holds the audit's entries about the campaign, its lists,
script and packs, for audit/verify_export.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from accounts.models import User
from approvals.models import Approval
from audit.exporting import proof
from audit.models import Entry
from audit.recording import record
from campaigns.domain.list_state import ListState
from campaigns.models import Campaign, TargetList
from campaigns.reading import subject_of
from compliance.domain.codes import Area
from compliance.models import Complaint, PackVersion
from evidence.abandonment import abandonment
from evidence.campaign_ledger import Decisions, area_of, decisions_of, last_line, permissions_of
from evidence.fingerprint import fingerprint
from evidence.latency import latencies

FORMAT = "sanshi-certificate-1"


def certificate(campaign: Campaign) -> dict[str, Any]:
    """Everything but the proof."""
    decisions = decisions_of(campaign.pk)
    lists = _lists(campaign)
    as_of = _as_of(campaign, decisions)
    until = min(campaign.ends_at, as_of) + timedelta(microseconds=1)
    return {
        "format": FORMAT,
        "as_of": _instant(as_of),
        "campaign": _campaign(campaign),
        "product": _product(campaign),
        "script": _script(campaign),
        "caller_ids": _caller_ids(campaign),
        "packs": _packs(decisions),
        "lists": lists,
        "screening": _screening(lists),
        "decisions": _decisions(decisions),
        "calls": _calls(campaign),
        "opt_outs": _opt_outs(campaign, as_of),
        "complaints": _complaints(campaign),
        "abandonment": _abandonment(campaign, until),
    }


def with_proof(document: dict[str, Any], campaign: Campaign) -> dict[str, Any]:
    """The same with the audit's entries that it rests on, and their place in the chain."""
    return {
        **document,
        "sha256": fingerprint(document),
        "proof": proof(_entries(document, campaign)),
    }


def note_export(campaign: Campaign, *, reader: User | None, kind: str, sha256: str) -> None:
    """That somebody took it away. In the caller's transaction."""
    record(
        kind="evidence.certificate",
        actor_id=reader.pk if reader else None,
        subject=f"campaign:{campaign.pk}",
        payload={"format": kind, "sha256": sha256},
    )


def _as_of(campaign: Campaign, decisions: Decisions) -> datetime:
    """The last line that the ledgers hold of it; its beginning when there is none."""
    found = [decisions.last_at, last_line(campaign.pk)]
    return max(filter(None, found), default=campaign.starts_at)


def _campaign(campaign: Campaign) -> dict[str, Any]:
    audience = getattr(campaign, "audience", None)
    source = None if audience is None else audience.segment or audience.batch
    return {
        "id": campaign.pk,
        "name": campaign.name,
        "purpose": campaign.purpose,
        "state": campaign.state,
        "starts_at": _instant(campaign.starts_at),
        "ends_at": _instant(campaign.ends_at),
        "made_by": campaign.maker.username,
        "team": campaign.team.name,
        "audience": None if source is None else str(source),
        "chosen_by_automated_decision": audience is not None and audience.automated,
        "limits": campaign.limits,
        "retry_plan": campaign.retry_plan,
        "ring_timeout_s": campaign.ring_timeout_s,
        "by_hand": campaign.by_hand,
    }


def _product(campaign: Campaign) -> dict[str, Any]:
    product = campaign.product
    ratings = [each for each in (product.risk_rating, product.issuer_risk_rating) if each]
    return {
        "code": product.code,
        "name": product.name,
        "name_en": product.name_en,
        "family": product.family,
        "risk_rated": product.risk_rated,
        "risk_rating": product.risk_rating,
        "issuer_risk_rating": product.issuer_risk_rating,
        # of the bank's and the issuer's the higher counts
        "rating_that_counts": max(ratings) if product.risk_rated and ratings else None,
        "min_age": product.min_age,
        "max_age": product.max_age,
        "by_phone": product.by_phone,
        "private": product.private,
    }


def _script(campaign: Campaign) -> dict[str, Any]:
    version = campaign.script_version
    reviews = Approval.objects.filter(subject=f"script_version:{version.pk}")
    return {
        "id": version.pk,
        "code": version.script.code,
        "title": version.script.title,
        "version": version.number,
        "content_hash": version.content_hash,
        "state": version.state,
        "published_at": _instant(version.published_at),
        "reviews": [
            _approval(each)
            for each in reviews.select_related("maker", "checker").order_by("created_at", "pk")
        ],
    }


def _caller_ids(campaign: Campaign) -> list[dict[str, Any]]:
    return [
        {
            "number": each.number,
            "label": each.label,
            "registered_use": sorted(each.registered_use),
            "region": each.region,
            "operator": each.operator,
            "active": each.active,
            "hourly_cap": each.hourly_cap,
            "daily_cap": each.daily_cap,
        }
        for each in campaign.caller_ids.order_by("number")
    ]


def _packs(decisions: Decisions) -> list[dict[str, Any]]:
    """The versions by which its calls were judged, with how many decisions each."""
    by_hash: dict[str, list[tuple[int, datetime, datetime]]] = {}
    for reference, counted in decisions.packs.items():
        by_hash.setdefault(reference.partition("#")[2], []).append(counted)
    found = []
    for version in (
        PackVersion.objects.filter(sha256__in=by_hash)
        .select_related("pack", "maker", "checker")
        .order_by("pack__code", "effective_from", "pk")
    ):
        counted_here = by_hash[version.sha256]
        found.append(
            {
                "id": version.pk,
                "pack": version.pack.code,
                "version": version.version,
                "sha256": version.sha256,
                "from": _instant(version.effective_from),
                "to": _instant(version.effective_to),
                "maker": version.maker.username if version.maker else None,
                "checker": version.checker.username if version.checker else None,
                "decisions": sum(count for count, _first, _last in counted_here),
                "first_at": _instant(min(first for _count, first, _last in counted_here)),
                "last_at": _instant(max(last for _count, _first, last in counted_here)),
            }
        )
    return found


def _lists(campaign: Campaign) -> list[dict[str, Any]]:
    """Every list that counts, with its last signature."""
    lists = list(
        campaign.lists.exclude(state=ListState.SUPERSEDED.value)
        .select_related("branch")
        .order_by("branch__code", "version", "pk")
    )
    signatures: dict[str, Approval] = {}
    subjects = [subject_of(each.pk) for each in lists]
    for approval in (
        Approval.objects.filter(subject__in=subjects)
        .select_related("maker", "checker")
        .order_by("created_at", "pk")
    ):
        signatures[approval.subject] = approval
    return [_list(each, signatures.get(subject_of(each.pk))) for each in lists]


def _list(target_list: TargetList, approval: Approval | None) -> dict[str, Any]:
    counts = target_list.counts
    return {
        "id": target_list.pk,
        "branch": target_list.branch.code,
        "branch_name": target_list.branch.name,
        "branch_name_en": target_list.branch.name_en,
        "version": target_list.version,
        "state": target_list.state,
        "screened_at": _instant(target_list.screened_at),
        "listed": counts.get("listed", 0),
        "eligible": counts.get("eligible", 0),
        "taken_out": counts.get("excluded", 0),
        "blocked": counts.get("blocked", {}),
        "reasons": counts.get("reasons", {}),
        "content_hash": target_list.content_hash,
        "signed_parts": counts.get("signed", {}),
        "signature": None if approval is None else _approval(approval),
    }


def _approval(approval: Approval) -> dict[str, Any]:
    return {
        "state": approval.state,
        "content_hash": approval.content_hash,
        "maker": approval.maker.username,
        "submitted_at": _instant(approval.created_at),
        "checker": approval.checker.username if approval.checker else None,
        "decided_at": _instant(approval.decided_at),
        "expires_at": _instant(approval.expires_at),
    }


def _screening(lists: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Everybody listed, who may be called, and why others are not: by code, by verdict.

    `blocked` counts people by their first reason, which adds up; `reasons` by every one.
    """
    blocked: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for each in lists:
        blocked.update(each["blocked"])
        reasons.update(each["reasons"])
    return {
        "listed": sum(each["listed"] for each in lists),
        "eligible": sum(each["eligible"] for each in lists),
        "taken_out": sum(each["taken_out"] for each in lists),
        "skipped": blocked.total(),
        "by_code": _codes(blocked, reasons),
        "by_area": _areas(blocked),
    }


def _decisions(found: Decisions) -> dict[str, Any]:
    return {
        "total": found.total,
        "allowed": found.allowed,
        "refused": found.total - found.allowed,
        "by_verdict": dict(sorted(found.verdicts.items())),
        "by_code": _codes(found.primary, found.named),
        "by_area": _areas(found.primary),
        # refusals in which this verdict was a no, perhaps beside others
        "with_area": {area.value: found.areas[area.value] for area in Area},
    }


def _codes(primary: Counter[str], named: Counter[str]) -> list[dict[str, Any]]:
    """Each code, the commonest first reason first."""
    return [
        {"code": code, "area": area_of(code), "primary": primary[code], "named": named[code]}
        for code in sorted({*primary, *named}, key=lambda one: (-primary[one], -named[one], one))
    ]


def _areas(primary: Counter[str]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for code, count in primary.items():
        found[area_of(code)] += count
    return {area.value: found[area.value] for area in Area}


def _calls(campaign: Campaign) -> dict[str, Any]:
    found = permissions_of(campaign.pk)
    return {
        "allowed_decisions": found.allowed,
        "ledger_attempts": found.attempts,
        "taken_back": found.released,
        "not_established": found.unplaced,
        "placed": found.placed,
        "faults": found.faults,
        "sound": found.sound,
    }


def _opt_outs(campaign: Campaign, as_of: datetime) -> list[dict[str, Any]]:
    """Refusals of people on its lists while it ran, by any channel."""
    return [
        {
            "channel": each.channel,
            "opt_outs": each.count,
            "call_under_way": each.under_way,
            "p50_s": round(each.p50, 3),
            "p99_s": round(each.p99, 3),
            "max_s": round(each.longest, 3),
            "calls_after": each.late,
        }
        for each in latencies(campaign.starts_at, campaign.ends_at, as_of, campaign.pk)
    ]


def _complaints(campaign: Campaign) -> dict[str, Any]:
    of_campaign = Complaint.objects.filter(campaign_id=campaign.pk)
    totals = of_campaign.aggregate(
        total=Count("pk"),
        open=Count("pk", filter=Q(closed_at__isnull=True)),
        justified=Count("pk", filter=Q(upheld=True)),
    )
    channels = of_campaign.values_list("channel").annotate(Count("pk")).order_by("channel")
    return {**totals, "by_channel": dict(channels)}


def _abandonment(campaign: Campaign, until: datetime) -> list[dict[str, Any]]:
    """By each pack's own definition and those of the campaign's limits, period by period."""
    return [
        {
            "pack": definition.pack,
            "rule": definition.rule,
            "sentence": dict(definition.sentences),
            "legal_ref": definition.legal_ref,
            "of": definition.guard.of,
            "with_machine_wrong": definition.guard.count_machine_wrong,
            "limit_percent": definition.guard.stop_above_percent,
            "days": definition.days,
            "periods": [
                {
                    "first": line.period.first.isoformat(),
                    "last": line.period.last.isoformat(),
                    "abandoned": line.abandoned,
                    "of": line.of,
                    "percent": None if line.percent is None else round(line.percent, 3),
                    "result": line.judgement.value,
                }
                for line in lines
            ],
        }
        for definition, lines in abandonment([campaign], campaign.starts_at, until)
    ]


def _entries(document: dict[str, Any], campaign: Campaign) -> list[int]:
    """The audit's entries about the campaign and what was signed for it."""
    subjects = [f"campaign:{campaign.pk}", f"script_version:{campaign.script_version_id}"]
    lists = TargetList.objects.filter(campaign=campaign).values_list("pk", flat=True)
    subjects += [subject_of(pk) for pk in lists]
    subjects += [f"pack_version:{each['id']}" for each in document["packs"]]
    found = Entry.objects.filter(subject__in=subjects).exclude(kind__startswith="evidence.")
    return list(found.order_by("id").values_list("id", flat=True))


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
