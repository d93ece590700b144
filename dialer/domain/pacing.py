"""How many calls to launch: the pacing of a robot that hands over to people.

The theory, in short. Every robot call in flight may end in a hand-over; its chance depends on how
far it has come (its stage). The number of hand-overs D that the calls in flight will ask for is a
sum of independent yes/no draws (Poisson-binomial). The number of agents S who can take them is
those ready now plus those of the busy who will be free in time, again a sum of draws. We launch as
many new calls as keep

    P(D > S) ≤ overflow target

which by itself makes small teams careful and large teams bold: the relative spread of a sum shrinks
as it grows. It is computed exactly, by convolution; the sums are small.

A hand-over that meets no free agent is not an abandoned customer: the robot reserves an agent
before it asks for consent, and without one it does not ask. So the overflow target trades a lost
opportunity against an idle agent; the abandonment rate has a guard of its own (`guard`).

The chances are learned: counts of the campaign's own calls, smoothed by a prior (a beta
distribution), so that the first calls of a campaign are paced by experience and the rest by data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate

from dialer.domain.stages import Stage


@dataclass(frozen=True, slots=True)
class Prior:
    """`hits` hand-overs in `trials` imagined calls, before any real one is known."""

    hits: float
    trials: float


#: The chance of asking for a hand-over from each stage on, before anything is learned. Reserved and
#: parked customers have their agent already: they are no demand.
PRIORS: dict[Stage, Prior] = {
    Stage.DIALLING: Prior(2.0, 16.0),
    Stage.RINGING: Prior(2.0, 14.0),
    Stage.TALKING: Prior(3.0, 12.0),
    Stage.INTERESTED: Prior(7.0, 10.0),
}
#: At most this share of a campaign's abandonment budget may be spent before pacing tightens.
_TIGHTEN_FROM = 0.01


@dataclass(frozen=True, slots=True)
class Learned:
    """A campaign's finished calls: of `trials` that reached the stage, `hits` wanted a person."""

    hits: int = 0
    trials: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """`count` calls in flight, each asking for a hand-over with the same chance."""

    count: int
    chance: float


@dataclass(frozen=True, slots=True)
class Busy:
    """An agent at work: seconds spent so far, and how long such work lasts on average."""

    spent_s: float
    mean_s: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that the decision depends on, for one campaign at one instant.

    `in_flight`: the calls of every campaign that shares the team, by chance. `chance`: that of a
    call not yet placed. Limits are counts of further calls: `free_lines` of the installation,
    `campaign_lines` of the campaign, `cps` of this tick, `caller_id_room` under the caps of the
    caller IDs, `due` leads that wait.
    """

    ready: int
    busy: tuple[Busy, ...]
    in_flight: tuple[Group, ...]
    chance: float
    free_lines: int
    campaign_lines: int
    cps: int
    caller_id_room: int
    due: int
    consented: int = 0
    abandoned: int = 0

    def with_more(self, groups: tuple[Group, ...]) -> Snapshot:
        """The same with further calls in flight."""
        return replace(self, in_flight=self.in_flight + groups)


@dataclass(frozen=True, slots=True)
class Targets:
    """`overflow`: the accepted chance of more hand-overs than agents; `horizon_s`: how far ahead a
    new call's hand-over lies (ring, greeting, questions), in which busy agents may become free.
    """

    overflow: float = 0.10
    horizon_s: float = 60.0


class Verdict(StrEnum):
    """What the abandonment of a campaign's day asks for."""

    FINE = "fine"
    ALERT = "alert"
    PAUSE = "pause"


def calls_to_place(snapshot: Snapshot, targets: Targets) -> int:
    """How many new calls to launch now.

    - nobody ready: none, whatever is predicted
    - never beyond a limit
    - as many as keep the chance of an overflow under the target
    More ready agents never mean fewer calls.
    """
    if snapshot.ready <= 0:
        return 0
    room = min(
        snapshot.free_lines,
        snapshot.campaign_lines,
        snapshot.cps,
        snapshot.caller_id_room,
        snapshot.due,
    )
    if room <= 0:
        return 0
    target = targets.overflow * _caution(snapshot.consented, snapshot.abandoned)
    releases = _draws(_release_chances(snapshot.busy, targets.horizon_s), len(snapshot.busy))
    most = snapshot.ready + len(snapshot.busy)
    demand = _demand(snapshot.in_flight, most)
    launched = 0
    while launched < room:
        demand = _add(demand, snapshot.chance)
        if _overflow(demand, snapshot.ready, releases) > target:
            break
        launched += 1
    return launched


def chance(stage: Stage, learned: Learned) -> float:
    """The chance that a call at `stage` asks for a hand-over: counts smoothed by the prior."""
    prior = PRIORS.get(stage)
    if prior is None:
        return 0.0
    return min(
        1.0, (prior.hits + learned.hits) / (prior.trials + max(learned.trials, learned.hits))
    )


def guard(consented: int, abandoned: int) -> Verdict:
    """Abandonment of one campaign and day: consented to a hand-over and not connected, over all
    who consented. Pause at 3 % once at least 100 consented and at least 3 were abandoned; alert
    from the target of 1 % on, as soon as two were abandoned.
    """
    if abandoned >= 3 and consented >= 100 and abandoned * 100 >= consented * 3:
        return Verdict.PAUSE
    if abandoned >= 2 and abandoned * 100 >= consented:
        return Verdict.ALERT
    return Verdict.FINE


def share_lines(free: int, wanted: Sequence[int], weights: Sequence[int]) -> list[int]:
    """Divide `free` lines among campaigns by weight; nobody gets more than wanted, none is wasted.

    Largest remainder within each round; rounds go on with what the satisfied left over.
    """
    given = [0] * len(wanted)
    while free > 0:
        open_ = [i for i, want in enumerate(wanted) if given[i] < want]
        if not open_:
            break
        total = sum(max(weights[i], 1) for i in open_)
        exact = {i: free * max(weights[i], 1) / total for i in open_}
        parts = {i: min(math.floor(exact[i]), wanted[i] - given[i]) for i in open_}
        if not any(parts.values()):
            for i in sorted(open_, key=lambda i: (-exact[i], i))[:free]:
                given[i] += 1
            break
        for i, part in parts.items():
            given[i] += part
            free -= part
    return given


def _caution(consented: int, abandoned: int) -> float:
    """1 while abandonment is under its target; less, down to 0.1, as it rises above."""
    if abandoned == 0 or consented == 0:
        return 1.0
    # two imagined abandonments in 200: one bad start does not stop a young campaign
    rate = (abandoned + 2.0) / (consented + 200.0)
    return 1.0 if rate <= _TIGHTEN_FROM else max(0.1, _TIGHTEN_FROM / rate)


def _release_chances(busy: Sequence[Busy], horizon_s: float) -> list[float]:
    """The chance of each busy agent to be free within the horizon.

    Work that has lasted long is nearer its end: the hazard grows with the time already spent (an
    Erlang-2 law of the same mean), which suits talks plus wrap-up better than the memoryless one.
    """
    return [_erlang2_release(each.spent_s, each.mean_s, horizon_s) for each in busy]


def _erlang2_release(spent_s: float, mean_s: float, horizon_s: float) -> float:
    """P(T ≤ spent + horizon | T > spent) for T ~ Erlang(2, 2 / mean)."""
    if mean_s <= 0:
        return 0.0
    rate = 2.0 / mean_s
    still_now = 1.0 + rate * max(spent_s, 0.0)
    still_then = 1.0 + rate * (max(spent_s, 0.0) + horizon_s)
    return 1.0 - math.exp(-rate * horizon_s) * still_then / still_now


def _draws(chances: Sequence[float], most: int) -> list[float]:
    """The distribution of the number of successes: index = count, up to `most`."""
    distribution = [1.0] + [0.0] * most
    for each in chances:
        for count in range(most, 0, -1):
            distribution[count] += (distribution[count - 1] - distribution[count]) * each
        distribution[0] *= 1.0 - each
    return distribution


def _demand(groups: Sequence[Group], most: int) -> list[float]:
    """Distribution of the hand-overs asked for; the last entry holds all counts above `most`."""
    distribution = [1.0] + [0.0] * (most + 1)
    for group in groups:
        if group.chance <= 0.0:
            continue
        for _ in range(group.count):
            distribution = _add(distribution, group.chance)
    return distribution


def _add(distribution: list[float], each: float) -> list[float]:
    """One more call with this chance. The last entry is absorbing: too many stays too many."""
    last = len(distribution) - 1
    added = [0.0] * len(distribution)
    added[0] = distribution[0] * (1.0 - each)
    for count in range(1, last):
        added[count] = distribution[count] * (1.0 - each) + distribution[count - 1] * each
    added[last] = distribution[last] + distribution[last - 1] * each
    return added


def _overflow(demand: Sequence[float], ready: int, releases: Sequence[float]) -> float:
    """P(demand > ready + releases)."""
    tail = list(accumulate(reversed(demand)))  # tail[n] = P(demand is one of the n + 1 largest)
    last = len(demand) - 1
    total = 0.0
    for freed, likelihood in enumerate(releases):
        needed = ready + freed + 1
        if likelihood > 0.0 and needed <= last:
            total += likelihood * tail[last - needed]
    return total
