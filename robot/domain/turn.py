"""One turn of a dialogue being worked out: the layers in order, moving, speaking."""

from __future__ import annotations

from typing import Final

from robot.domain import refusals
from robot.domain.expressions import BadExpression, holds
from robot.domain.intents.catalogue import (
    NARROWER_WISH,
    POSITIVE,
    REFUSALS,
    SAFETY,
    SUSPECTED_OPT_OUT,
    UNCLEAR,
    Intent,
)
from robot.domain.intents.reading import Classifier, Reading
from robot.domain.narrower_wishes import WISH_SAID, narrower
from robot.domain.rendering import line_of, render, short_form, slot_text
from robot.domain.script import EFFECT, IDENTITY, NO_MATCH, REPEAT, BargeIn, Node, Script
from robot.domain.slots import fill
from robot.domain.steps import (
    Effect,
    End,
    Evidence,
    Heard,
    Listen,
    Reply,
    Say,
    State,
    Step,
    Trace,
    Transfer,
)

#: Taken when a document leads nowhere; publishing makes it impossible.
FAULT: Final = "ROBOT_FAULT"
_MAX_HOPS: Final = 20
_MAX_REPEATS: Final = 2
#: How fast lines are spoken, and how long an answer takes with its pauses (robot reference §4).
#: The limit on a dialogue's length is counted so, in the call's own time: a webhook that had to
#: wait for a busy machine must not cut a customer off.
CHARACTERS_PER_SECOND: Final = 4.5
ANSWER_S: Final = 2.0
_GO_ON: Final = frozenset({Intent.AFFIRM, Intent.INTERESTED, Intent.NEED_HUMAN})


def grade(script: Script, state: State) -> str:
    """The sales grade of a finished conversation; the first that applies."""
    for rule in script.grades:
        try:
            if holds(rule.when, state.known()):
                return rule.grade
        except BadExpression:
            continue
    return ""


class Turn:
    """One turn being worked out. Everything it gathers ends up in the step."""

    def __init__(self, script: Script, state: State, heard: Heard, trace: Trace) -> None:
        self.script, self.state, self.heard, self.trace = script, state, heard, trace
        self.replies: list[Reply] = []
        self.effects: list[Effect] = []
        self.path: list[str] = []
        self.reading: Reading | None = None
        self.asks_consent = False

    def done(self) -> Step:
        said = sum(len(reply.text) for reply in self.replies if isinstance(reply, Say))
        return Step(
            state=self.state.evolve(
                path=(*self.state.path, *self.path),
                talk_s=self.state.talk_s + said / CHARACTERS_PER_SECOND,
            ),
            replies=tuple(self.replies),
            effects=tuple(self.effects),
            trace=self.trace.model_copy(update={"path": tuple(self.path)}),
            asks_consent=self.asks_consent,
        )

    # What was heard

    def understand(self, classifier: Classifier) -> None:
        """Fill `reading`; it stays None when nothing was heard."""
        question = self.script.question_at(self.state.node)
        digits, text = self.heard.digits.strip(), self.heard.text.strip()
        if digits:
            intent = self.script.listen.dtmf.get(digits[0], UNCLEAR)
            self.reading = Reading(
                text=f"#{digits}", intent=intent, score=1.0, layer="dtmf", continue_=True
            )
        elif text:
            self.reading = classifier.read(text, question, self.heard.confidence)
        self.trace = self.trace.model_copy(update={"question": question})
        if self.reading is not None:
            self.trace = self.trace.model_copy(
                update={
                    "intent": self.reading.intent,
                    "score": round(self.reading.score, 4),
                    "layer": self.reading.layer,
                    "rule": self.reading.rule,
                    "top": self.reading.top,
                    "model_hash": self.reading.model_hash,
                }
            )

    def mark(self, matched: str) -> None:
        self.trace = self.trace.model_copy(update={"matched": matched})

    # The layers, in order

    def answer(self, node: Node, reading: Reading) -> None:
        self.state = self.state.evolve(no_input=0)
        if self.safe(reading):
            return
        if reading.layer != "dtmf" and narrower(self.heard.text) is not None:
            self.effect(WISH_SAID)
        if reading.intent in POSITIVE:
            self.state = self.state.evolve(positives=self.state.positives + 1)
        self.refused(reading)
        if self.filled(node, reading):
            return
        if self.weak(node, reading):
            return
        target = node.next.get(reading.intent)
        if target is not None:
            self.go(target, "next", reading)
        elif reading.intent in self.script.faq and self.explain(node, reading.intent):
            pass
        elif reading.intent in self.script.globals:
            self.go(self.script.globals[reading.intent], "globals", reading)
        else:
            self.go(node.next.get("*", NO_MATCH), "no_match")

    def safe(self, reading: Reading) -> bool:
        """Safety first. True if it took the turn."""
        if reading.intent not in SAFETY:
            return False
        safety = self.script.safety
        target = safety.get(reading.intent)
        if reading.suspected:
            target = safety.get(SUSPECTED_OPT_OUT, target)
        if target is None:
            target = safety.get(Intent.OPT_OUT, self.script.over())
        if reading.intent == Intent.OPT_OUT and narrower(self.heard.text) is not None:
            # not "never", and clearly so; a script that does not know of it refuses in full
            target = safety.get(NARROWER_WISH, target)
        self.state = self.state.evolve(parked=False)
        self.mark("safety")
        self.enter(target)
        if "send_info" in reading.also:
            self.effect("prefer.sms")
        return True

    def refused(self, reading: Reading) -> None:
        """Keep the refusal and its reason. "No" to "is this you?" refuses nothing."""
        node = self.script.nodes[self.state.node]
        plain_no = reading.intent == Intent.DENY and "identity.ask" not in node.tags
        if plain_no or reading.intent == Intent.NOT_INTERESTED:
            self.state = self.state.evolve(
                refusals=self.state.refusals + 1,
                refusal_reason=refusals.reason(reading.text).value,
            )

    def filled(self, node: Node, reading: Reading) -> bool:
        """An answer to the very question that was asked."""
        if node.ask is None or node.ask == IDENTITY or reading.intent in REFUSALS:
            return False
        if reading.layer == "dtmf" or not self.take(node.ask, asked=True):
            return False
        self.go(node.next.get("filled") or node.next.get("*") or NO_MATCH, "slot")
        return True

    def weak(self, node: Node, reading: Reading) -> bool:
        """A yes without positive evidence, or "嗯" where only a clear yes will do."""
        consent = "consent.transfer" in node.tags
        unsure = reading.intent in _GO_ON and not reading.continue_
        if consent and (reading.intent in (Intent.BACKCHANNEL, UNCLEAR) or unsure):
            if self.state.consent_reasked == 0:
                self.state = self.state.evolve(consent_reasked=1)
                self.mark("no_match")
                self.ask_again(node)
            else:
                self.go(node.next.get("*", NO_MATCH), "no_match")
            return True
        if unsure:
            self.go(NO_MATCH, "no_match")
            return True
        return False

    def explain(self, node: Node, intent: str) -> bool:
        """Answer the customer's question and return to ours. False when it was answered enough."""
        faq = self.script.faq[intent]
        said = self.state.faq.get(intent, 0)
        if said >= faq.max:
            return False
        self.state = self.state.evolve(faq={**self.state.faq, intent: said + 1}, no_match=0)
        self.mark("faq")
        if self.over_limit():
            self.enter(self.script.over())
            return True
        if faq.say:
            self.replies.append(
                Say(
                    text=self.render(faq.say),
                    node=self.state.node,
                    tags=faq.tags,
                    barge_in=self.policy(node),
                )
            )
        if faq.then == "repeat":
            self.say_node(self.state.node, node)
            self.listen(node)
        elif faq.then == "resume":
            self.ask_again(node)
        else:
            self.enter(faq.then)
        return True

    def silence(self) -> None:
        count = self.state.no_input
        self.mark("no_input")
        retry = self.script.no_input
        node = self.script.nodes[self.state.node]
        if count >= len(retry.say) or self.over_limit():
            self.enter(retry.then)
            return
        self.state = self.state.evolve(no_input=count + 1)
        self.ask_again(node, prefix=retry.say[count])

    def unclear(self) -> None:
        """Ask once what was meant; unclear once more ends the call."""
        count, retry = self.state.no_match, self.script.no_match
        if count >= len(retry.say) or self.over_limit():
            self.enter(retry.then)
            return
        node = self.script.nodes[self.state.node]
        self.state = self.state.evolve(no_match=count + 1)
        text = self.render(retry.say[count])
        if self.script.question_at(self.state.node) == "callback_time" or node.ask == IDENTITY:
            self.ask_again(node)  # "interested or not?" is no question for these
            return
        self.replies.append(Say(text=text, node=self.state.node, barge_in=self.policy(node)))
        self.listen(node)

    def again(self) -> None:
        """The customer did not hear: the whole line once more, a few times at most."""
        if self.state.repeats >= _MAX_REPEATS or self.over_limit():
            self.unclear()
            return
        node = self.script.nodes[self.state.node]
        self.state = self.state.evolve(repeats=self.state.repeats + 1)
        self.say_node(self.state.node, node)
        self.listen(node)

    # Moving

    def go(self, target: str, matched: str, reading: Reading | None = None) -> None:
        """Follow one edge of the script."""
        self.mark(matched)
        if target == REPEAT:
            self.again()
            return
        if target == NO_MATCH:
            self.mark("no_match")
            self.unclear()
            return
        here = self.script.nodes[self.state.node]
        there = self.script.nodes.get(target)
        if there is not None and there.kind not in ("end", "transfer") and self.over_limit():
            self.mark("limit")
            self.enter(self.script.over())
            return
        said_yes = reading is not None and reading.intent in POSITIVE
        changes: dict[str, object] = {"no_match": 0, "repeats": 0, "parked": False}
        if said_yes and "identity.ask" in here.tags and reading and reading.intent == Intent.AFFIRM:
            changes["identified"] = True
        if said_yes and "sell" in here.tags:
            changes["interest"] = True
        to_person = there is not None and there.kind == "transfer"
        if said_yes and to_person and "consent.transfer" in here.tags:
            changes["consented"] = True
        self.state = self.state.evolve(**changes)
        self.enter(target)

    def enter(self, name: str) -> None:
        """Go into a node, and on through those that only speak, until one listens or ends."""
        for _ in range(_MAX_HOPS):
            node = self.script.nodes.get(name)
            if node is None:
                break
            elsewhere = self.barred(node)
            if elsewhere is not None:
                name = elsewhere
                continue
            self.path.append(name)
            self.state = self.state.evolve(node=name, no_match=0)
            if self.already_answered(node):
                name = node.next["filled"]
                continue
            self.say_node(name, node)
            if node.kind == "end":
                self.finish(node)
                return
            if node.kind == "transfer" and node.transfer is not None:
                self.park(node)
                return
            if not node.passes_on:
                self.asks_consent = self.asks_consent or "consent.transfer" in node.tags
                self.listen(node)
                return
            name = node.next["*"]
        self.fault()

    def barred(self, node: Node) -> str | None:
        """Where to go instead, when this node must not be entered now."""
        if "consent.transfer" in node.tags:
            self.state = self.state.evolve(interest=True)
            if not self.heard.can_transfer:
                transfer = self.script.nodes.get(node.next.get("affirm", ""))
                return (transfer.next.get("no_agent") if transfer else None) or self.script.over()
        # Publishing proves that these two cannot happen; a customer is worth a second lock.
        if (
            "sell" in node.tags
            and self.state.refusals > self.script.limits.sell_turns_after_refusal
        ):
            return self.script.globals.get(Intent.NOT_INTERESTED, self.script.over())
        if "personal" in node.tags and not self.state.identified:
            return self.script.over()
        return None

    def already_answered(self, node: Node) -> bool:
        """The answer came before its question: "明天下午三点再打给我" needs no "when?"."""
        if node.ask is None or node.ask == IDENTITY or "filled" not in node.next:
            return False
        if self.reading is None or self.reading.layer == "dtmf":
            return False
        return self.take(node.ask, asked=False)

    def take(self, name: str, *, asked: bool) -> bool:
        slot = self.script.slots.get(name)
        if slot is None:
            return False
        value = fill(slot, self.heard.text, self.heard.at, self.state.zone, asked=asked)
        if value is None:
            return False
        self.state = self.state.evolve(slots={**self.state.slots, name: value})
        return True

    def over_limit(self) -> bool:
        limits = self.script.limits
        return self.state.turn >= limits.turns or self.state.talk_s >= limits.seconds

    # Speaking

    def say_node(self, name: str, node: Node) -> None:
        text = line_of(node, self.values(), self.state.attributes)
        if text:
            self.replies.append(
                Say(text=text, node=name, tags=node.tags, barge_in=self.policy(node))
            )

    def ask_again(self, node: Node, prefix: str = "") -> None:
        full = line_of(node, self.values(), self.state.attributes)
        text = self.render(prefix) + short_form(node, full, self.values())
        self.replies.append(
            Say(text=text, node=self.state.node, tags=node.tags, barge_in=self.policy(node))
        )
        self.asks_consent = self.asks_consent or "consent.transfer" in node.tags
        self.listen(node)

    def listen(self, node: Node) -> None:
        listen = self.script.listen
        self.replies.append(
            Listen(
                wait_s=listen.wait_ms / 1000,
                end_s=listen.end_ms / 1000,
                dtmf="".join(sorted(listen.dtmf)),
                hints=(*listen.hints, *node.hints),
                barge_in=self.policy(node),
            )
        )

    def park(self, node: Node) -> None:
        to = node.transfer
        assert to is not None
        self.replies.append(
            Transfer(
                queue=to.queue,
                max_wait_s=to.max_wait_s,
                offers=to.offers,
                hold=tuple(self.render(line) for line in to.hold),
                context=to.context,
            )
        )
        self.state = self.state.evolve(parked=True, holds=0, transfers=self.state.transfers + 1)

    def finish(self, node: Node) -> None:
        for effect in node.effects:
            self.effect(effect)
        self.end(node.end or FAULT, node.sms)

    def end(self, outcome: str, sms: str | None = None) -> None:
        self.state = self.state.evolve(ended=True, parked=False, outcome=outcome)
        self.state = self.state.evolve(grade=grade(self.script, self.state))
        self.replies.append(End(outcome=outcome, sms=sms, grade=self.state.grade or None))

    def fault(self) -> None:
        self.end(FAULT)

    def effect(self, name: str) -> None:
        found = EFFECT.match(name)
        if found is None:
            return
        evidence = Evidence(
            text=self.heard.text or self.heard.digits,
            turn=self.state.turn,
            intent=self.trace.intent,
            score=self.trace.score,
            layer=self.trace.layer,
        )
        days = int(found[3]) if found[3] else None
        self.effects.append(Effect(name=name.partition(":")[0], days=days, evidence=evidence))

    def values(self) -> dict[str, str]:
        spoken = {
            name: slot_text(value, self.script.slots[name].type, self.heard.at, self.state.zone)
            for name, value in self.state.slots.items()
            if name in self.script.slots
        }
        return {**self.state.variables, **spoken}

    def render(self, text: str) -> str:
        return render(text, self.values())

    def policy(self, node: Node) -> BargeIn:
        return node.barge_in or self.script.listen.barge_in
