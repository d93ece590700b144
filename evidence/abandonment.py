"""Abandoned calls by the regulator's own denominator: per campaign and period, as the packs define.

Each pack in force says what is divided by what, over which time, and what is too much; the counts
are those that its guard divides at every dial (compliance/counting.py). So may a campaign's own
limits, for that campaign alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Campaign
from compliance.counting import counts_by_day
from compliance.domain.facts import CampaignCounts
from compliance.domain.pack import CompiledRule, PackError, campaign_layer
from compliance.domain.pack_state import PackState
from compliance.domain.rules.pacing import Abandonment, PacingRule
from compliance.domain.terms import start_of_day
from compliance.legal_wording import legal_ref
from compliance.models import PackVersion
from compliance.packs import stack_of
from compliance.wording import label, language
from evidence.domain.periods import Period, days_of, period_of
from evidence.sheets import Cell, Sheet


class Judgement(StrEnum):
    """What a figure says."""

    WITHIN = "within"
    OVER = "over"
    FEW = "too_few"


JUDGEMENTS: dict[str, str | Promise] = {
    Judgement.WITHIN: gettext_lazy("Within the limit"),
    Judgement.OVER: gettext_lazy("Over the limit"),
    Judgement.FEW: gettext_lazy("Too few to judge"),
}
OF: dict[str, str | Promise] = {
    "consented": gettext_lazy("Agreed to be put through"),
    "answered": gettext_lazy("Answered by a person"),
}


@dataclass(frozen=True, slots=True)
class Definition:
    """How one rule of a pack version counts; in force in [since, until).

    `sentences`: the rule in "zh" and "en". `campaign`: whose own limits hold the rule; None for a
    pack, which counts for every campaign.
    """

    pack: str
    rule: str
    sentences: Mapping[str, str]
    legal_ref: str
    guard: Abandonment
    zone: ZoneInfo
    since: datetime
    until: datetime | None
    campaign: Campaign | None = None

    @property
    def sentence(self) -> str:
        """The rule in the reader's language."""
        return self.sentences[language()]

    @property
    def source(self) -> str:
        """Where the rule stands: the pack's version, or whose own limits."""
        if self.campaign is None:
            return self.pack
        return _("Own limits of “%(campaign)s”") % {"campaign": self.campaign.name}

    @property
    def days(self) -> int:
        """How many days one figure covers."""
        return days_of(self.guard)


@dataclass(frozen=True, slots=True)
class Line:
    """One campaign in one period, by one definition."""

    definition: Definition
    campaign_id: int
    campaign: str
    period: Period
    counts: CampaignCounts

    @property
    def abandoned(self) -> int:
        """The numerator."""
        return self.definition.guard.share(self.counts)[0]

    @property
    def of(self) -> int:
        """The denominator."""
        return self.definition.guard.share(self.counts)[1]

    @property
    def percent(self) -> float | None:
        """None when nobody is in the denominator."""
        return 100 * self.abandoned / self.of if self.of else None

    @property
    def judgement(self) -> Judgement:
        """As the guard would judge this period by itself."""
        guard = self.definition.guard
        if not guard.is_over(self.abandoned, self.of):
            return Judgement.WITHIN
        return Judgement.OVER if guard.is_enough(self.abandoned, self.of) else Judgement.FEW


def definitions(
    since: datetime, until: datetime, campaigns: Sequence[Campaign] = ()
) -> list[Definition]:
    """Every way to count that a pack in force at any time of [since, until) holds, and then those
    of the campaigns' own limits.
    """
    versions = list(
        PackVersion.objects.filter(state=PackState.APPROVED.value, effective_from__lt=until)
        .filter(Q(effective_to__isnull=True) | Q(effective_to__gt=since))
        .select_related("pack")
        .order_by("pack__code", "effective_from", "pk")
    )
    found = []
    for version in versions:
        rules = stack_of([(version.pk, version.sha256)]).rules
        found += _of_rules(rules, str(version), version.effective_from, version.effective_to, None)
    if any(campaign.limits for campaign in campaigns):
        stack = stack_of([(version.pk, version.sha256) for version in versions])
        for campaign in campaigns:
            found += _own(campaign, stack.zone)
    return found


def _own(campaign: Campaign, zone: str) -> list[Definition]:
    """The guards in a campaign's own limits: what can be read of them the gate keeps to as well."""
    try:
        layer = campaign_layer(campaign.limits or {}, campaign.pk, zone)
    except PackError:
        # with such limits the gate lets no call through
        return []
    return _of_rules(layer.rules, layer.ref, campaign.starts_at, None, campaign)


def _of_rules(
    rules: Iterable[CompiledRule],
    pack: str,
    since: datetime,
    until: datetime | None,
    campaign: Campaign | None,
) -> list[Definition]:
    return [
        Definition(
            pack,
            rule.id,
            {tongue: rule.sentence(tongue) for tongue in ("zh", "en")},
            rule.legal_ref,
            rule.abandonment,
            ZoneInfo(rule.zone),
            since,
            until,
            campaign,
        )
        for _kind, rule in rules
        if isinstance(rule, PacingRule) and rule.abandonment is not None
    ]


def abandonment(
    campaigns: Sequence[Campaign], since: datetime, until: datetime
) -> list[tuple[Definition, list[Line]]]:
    """The figures of these campaigns in every period that touches [since, until), by definition.
    Periods in which nobody answered are left out.
    """
    return [
        (
            definition,
            _lines(
                definition,
                campaigns if definition.campaign is None else [definition.campaign],
                since,
                until,
            ),
        )
        for definition in definitions(since, until, campaigns)
    ]


def _lines(
    definition: Definition, campaigns: Sequence[Campaign], since: datetime, until: datetime
) -> list[Line]:
    zone, days = definition.zone, definition.days
    if definition.until is not None:
        until = min(until, definition.until)
    since = max(since, definition.since)
    begun = {each.pk: each.starts_at.astimezone(zone).date() for each in campaigns}
    # a period may have begun before the span, and ends after it
    first = since.astimezone(zone).date()
    last = (until - timedelta(microseconds=1)).astimezone(zone).date()
    margin = timedelta(days=days)
    counted = counts_by_day(
        list(begun),
        start_of_day(first - margin, zone.key),
        start_of_day(last + margin, zone.key),
        zone,
    )
    lines = []
    for campaign in campaigns:
        by_period: dict[Period, list[CampaignCounts]] = {}
        for day, counts in counted.get(campaign.pk, {}).items():
            period = period_of(day, begun=begun[campaign.pk], days=days)
            if period.first <= last and period.last >= first:
                by_period.setdefault(period, []).append(counts)
        lines += [
            Line(definition, campaign.pk, campaign.name, period, _sum(parts, days))
            for period, parts in by_period.items()
        ]
    return sorted(
        (line for line in lines if line.of or line.abandoned),
        key=lambda line: (line.period, line.campaign_id),
    )


def _sum(parts: Iterable[CampaignCounts], days: int) -> CampaignCounts:
    found = list(parts)
    return CampaignCounts(
        hours=24 * days,
        answered=sum(each.answered for each in found),
        consented=sum(each.consented for each in found),
        conversations=sum(each.conversations for each in found),
        abandoned=sum(each.abandoned for each in found),
        machine_wrong=sum(each.machine_wrong for each in found),
    )


def abandonment_sheet(campaigns: Sequence[Campaign], since: datetime, until: datetime) -> Sheet:
    """The same as a table to hand out: codes and words, the counts and what they are divided by."""
    rows: list[list[Cell]] = [
        _row(line) for _definition, lines in abandonment(campaigns, since, until) for line in lines
    ]
    return Sheet(
        _("Abandoned calls"),
        [
            ("pack", _("Rule pack")),
            ("rule", _("Rule")),
            ("rule_code", _("Rule (code)")),
            ("legal_ref", _("Legal basis")),
            ("campaign_id", _("Campaign's number")),
            ("campaign", _("Campaign")),
            ("from", _("From")),
            ("to", _("To")),
            ("answered", _("Answered by a person")),
            ("consented", _("Agreed to be put through")),
            ("abandoned", _("Abandoned")),
            ("machine_wrong", _("People taken for machines")),
            ("numerator", _("Counted as abandoned")),
            ("of", _("Divided by")),
            ("denominator", _("Number divided by")),
            ("percent", _("Share, %")),
            ("limit", _("Limit, %")),
            ("result", _("Result")),
            ("result_code", _("Result (code)")),
        ],
        rows,
        [f"{since:%Y-%m-%d} – {until - timedelta(days=1):%Y-%m-%d}"],
    )


def _row(line: Line) -> list[Cell]:
    definition, counts = line.definition, line.counts
    return [
        definition.source,
        definition.sentence,
        definition.rule,
        legal_ref(definition.legal_ref, language())[0],
        line.campaign_id,
        line.campaign,
        line.period.first,
        line.period.last,
        counts.answered,
        counts.consented,
        counts.abandoned,
        counts.machine_wrong,
        line.abandoned,
        label(OF, definition.guard.of),
        line.of,
        None if line.percent is None else round(line.percent, 3),
        definition.guard.stop_above_percent,
        label(JUDGEMENTS, line.judgement),
        line.judgement.value,
    ]


def active(since: datetime, until: datetime) -> list[Campaign]:
    """The campaigns whose own span touches [since, until), the oldest first."""
    found = Campaign.objects.filter(starts_at__lt=until, ends_at__gt=since)
    return list(found.order_by("starts_at", "pk"))
