"""From words that were not understood to a model in force: labelled, trained, measured, signed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import django_rq
import numpy as np
import pytest
from django.db import IntegrityError, transaction
from rq import SimpleWorker

from approvals.deciding import AlreadyDecided, MakerIsChecker
from audit.models import Entry
from clock.reading import now
from robot import conversing, fitting, intents_in_force, labelling, promoting, retraining
from robot.domain import corpus
from robot.domain.corpus import Example
from robot.domain.intents.cascade import shipped
from robot.domain.intents.catalogue import LABELS
from robot.domain.intents.comparing import Report, compare, shortcomings
from robot.domain.intents.model import WEIGHTS, WeightsChanged
from robot.domain.model_life import ModelState
from robot.models import Conversation, IntentModel, ScriptVersion, TrainingExample, Turn
from robot.publishing import install_shipped_scripts
from robot.unmatched import unmatched
from tests.cast import Cast, make_cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_a_new_process() -> Iterator[None]:
    intents_in_force.forget()
    django_rq.get_queue("batch").empty()  # type: ignore[no-untyped-call]
    yield
    intents_in_force.forget()
    django_rq.get_queue("batch").empty()  # type: ignore[no-untyped-call]


@pytest.fixture
def version(db: None) -> ScriptVersion:
    return install_shipped_scripts()[0]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus of six utterances an intent, with one held out: trained in a second."""
    root = tmp_path_factory.mktemp("corpus")
    for part, several in (("train", 6), ("holdout", 1)):
        texts: dict[str, list[str]] = {label: [] for label in LABELS}
        for one in corpus.read(part):
            texts[one.label].append(one.text)
        (root / part).mkdir()
        for label in LABELS:
            (root / part / f"{label}.txt").write_text("\n".join(texts[label][:several]))
    return root


def heard(version: ScriptVersion, text: str, *, matched: str = "no_match", **more: object) -> int:
    """A turn in which this was said; its id."""
    trial = bool(more.pop("trial", False))
    held = Conversation.objects.create(
        call_ref=uuid4(),
        script_version=version,
        state={},
        variables={"name": "欧阳娜"},
        started_at=now(),
        trial=trial,
    )
    values: dict[str, object] = {
        "at": now(),
        "node": "pitch",
        "layer": "model",
        "intent": "unclear",
        "step": {"trace": {"top": [["ask_price", 0.31], ["ask_product", 0.2]]}},
    }
    turn = Turn.objects.create(
        conversation_id=held.pk, phase="talk", index=1, text=text, matched=matched, **values | more
    )
    return turn.pk


def labelled(cast: Cast, version: ScriptVersion, text: str, label: str) -> TrainingExample:
    return labelling.label(heard(version, text), label, by=cast.writer, at=now())


def other_weights() -> bytes:
    """Weights that understand as the shipped ones do, and are not the same file."""
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        parts = {name: stored[name] for name in stored.files}
    parts["bias"] = parts["bias"] + np.float32(1e-4)
    file = io.BytesIO()
    np.savez_compressed(file, **parts)
    return file.getvalue()


def stored(cast: Cast, data: bytes) -> IntentModel:
    """A candidate with these weights."""
    return IntentModel.objects.create(
        state=ModelState.CANDIDATE.value,
        maker=cast.writer,
        weights=data,
        sha256=hashlib.sha256(data).hexdigest(),
        corpus_hash=corpus.digest(),
        created_at=now(),
        trained_at=now(),
    )


@pytest.fixture
def candidate(cast: Cast) -> IntentModel:
    return stored(cast, other_weights())


def test_what_was_not_understood_is_put_together_masked_and_newest_first(
    version: ScriptVersion,
) -> None:
    heard(version, "划不划得来，嘛")
    heard(version, "划不划得来嘛！", node="identify")
    heard(version, "你打欧阳娜另一个号一三八零零一三八零零零行不", matched="next", layer="gate")
    heard(version, "是我", matched="next")
    heard(version, "自己人试打的", trial=True)
    heard(version, "上个月说的", at=now() - timedelta(days=31))
    found = unmatched(now=now())
    assert [(one.shown, one.count) for one in found.groups] == [
        ("你打某另一个号#行不", 1),
        ("划不划得来嘛！", 2),
    ]
    assert found.groups[1].places == {
        (version.script.code, "pitch"): 1,
        (version.script.code, "identify"): 1,
    }
    assert "欧阳娜" not in str(found) and "一三八" not in str(found)
    assert found.groups[-1].top[0] == ("ask_price", 0.31)
    assert found.whole


def test_only_one_dialogue_is_shown_when_it_is_asked_for(version: ScriptVersion) -> None:
    other = ScriptVersion.objects.exclude(script=version.script).first()
    assert other is not None
    heard(version, "划不划得来嘛")
    heard(other, "咋个还嘛这个")
    found = unmatched(now=now(), script=other.script.code)
    assert [one.shown for one in found.groups] == ["咋个还嘛这个"]
    assert found.groups[0].places == {(other.script.code, "pitch"): 1}


def test_a_label_takes_the_words_off_the_list_until_it_is_taken_back(
    cast: Cast, version: ScriptVersion
) -> None:
    example = labelled(cast, version, "划不划得来嘛", "ask_price")
    left = labelled(cast, version, "滋啦滋啦的", labelling.LEFT)
    assert unmatched(now=now()).groups == []
    assert retraining.examples_now() == [example.pk]
    with pytest.raises(labelling.LabelledAlready):
        labelled(cast, version, "划不划得来嘛。", "ask_product")
    assert labelling.withdraw(example, by=cast.writer, at=now())
    assert not labelling.withdraw(example, by=cast.writer, at=now())
    assert [one.text for one in unmatched(now=now()).groups] == [example.text]
    assert left.label == ""
    kinds = Entry.objects.filter(kind__startswith="robot.example").values_list("kind", flat=True)
    assert sorted(kinds) == ["robot.example_labelled"] * 2 + ["robot.example_withdrawn"]


def test_training_never_sees_the_hold_out_and_contradicts_nothing(
    cast: Cast, version: ScriptVersion
) -> None:
    held = corpus.read("holdout")[0]
    with pytest.raises(labelling.HeldOut):
        labelled(cast, version, f"{held.text}！", held.label)
    taught = corpus.read("train")[0]
    with pytest.raises(labelling.InCorpus):
        labelled(cast, version, taught.text, taught.label)
    with pytest.raises(labelling.Contradiction):
        labelled(cast, version, taught.text, "interested")
    with pytest.raises(labelling.LabelRefused):
        labelled(cast, version, "划不划得来嘛", "unclear")
    with pytest.raises(labelling.LabelRefused):
        labelling.label(heard(version, "是我", matched="next"), "affirm", by=cast.writer, at=now())
    assert not TrainingExample.objects.exists()


def test_the_same_examples_give_the_same_weights(
    cast: Cast, version: ScriptVersion, small: Path
) -> None:
    own = [Example("划不划得来嘛", "ask_price"), Example("咋个还嘛这个", "ask_product")]
    first = fitting.fitted(own, small)
    assert (
        hashlib.sha256(first).hexdigest() == hashlib.sha256(fitting.fitted(own, small)).hexdigest()
    )
    assert first != fitting.fitted(own[:1], small)
    held = corpus.read("holdout", small)[0]
    with pytest.raises(fitting.HoldoutSeen):
        fitting.fitted([held], small)


def test_a_training_becomes_a_candidate_with_its_report(
    cast: Cast, version: ScriptVersion, small: Path
) -> None:
    with pytest.raises(retraining.NothingNew):
        retraining.begin(maker=cast.writer, at=now())
    example = labelled(cast, version, "划不划得来嘛", "ask_price")
    begun = retraining.begin(maker=cast.writer, at=now())
    with pytest.raises(retraining.TrainingRefused):
        retraining.begin(maker=cast.writer, at=now())
    fitting.train_model(begun.pk, small)
    begun.refresh_from_db()
    assert (begun.state, begun.trouble, begun.example_ids) == ("candidate", "", [example.pk])
    assert begun.sha256 == hashlib.sha256(bytes(begun.weights or b"")).hexdigest()
    report: Report = begun.report
    assert report["total"] == len(LABELS)
    assert report["compared_with"] == shipped().model.sha256
    assert report["worse_count"] == len(report["worse"]) > 0
    assert "good" in shortcomings(report)
    with pytest.raises(promoting.NotFit):
        promoting.ask(begun, maker=cast.writer, at=now(), root=small)
    with pytest.raises(retraining.NothingNew):
        retraining.begin(maker=cast.writer, at=now())
    # one can always return to the shipped weights
    assert IntentModel.objects.filter(sha256=shipped().model.sha256, maker=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_trains_what_was_asked_for(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "HERE", small)
    cast, version = make_cast(), install_shipped_scripts()[0]
    labelled(cast, version, "划不划得来嘛", "ask_price")
    begun = retraining.begin(maker=cast.writer, at=now())
    queue = django_rq.get_queue("batch")
    SimpleWorker([queue], connection=queue.connection).work(burst=True)
    begun.refresh_from_db()
    assert (begun.state, begun.trouble) == ("candidate", "")
    assert Entry.objects.filter(kind="robot.model_trained").count() == 1


def test_a_training_whose_worker_is_gone_makes_room(cast: Cast, version: ScriptVersion) -> None:
    labelled(cast, version, "划不划得来嘛", "ask_price")
    lost = retraining.begin(maker=cast.writer, at=now() - timedelta(hours=2))
    again = retraining.begin(maker=cast.writer, at=now())
    lost.refresh_from_db()
    assert (lost.state, lost.trouble) == ("failed", "overdue")
    assert again.state == ModelState.TRAINING
    fitting.train_model(lost.pk)  # comes late, and does nothing
    lost.refresh_from_db()
    assert lost.state == ModelState.FAILED


def test_a_model_that_lets_one_opt_out_go_on_is_not_fit() -> None:
    held = [Example("别再打了", "opt_out"), Example("利息多少", "ask_price")]
    fit = compare(held, shipped(), shipped(), [])
    assert shortcomings(fit) == []
    assert shortcomings({**fit, "missed_stops": ["别再打了"]}) == ["stops"]
    assert shortcomings({**fit, "good": 0.919}) == ["good"]
    assert shortcomings({**fit, "flow": 0.849}) == ["flow"]
    assert shortcomings({**fit, "dialogues": ["birthday-greeting@1: x"]}) == ["dialogues"]


def test_a_signed_model_is_in_force_and_every_turn_says_so(
    cast: Cast, version: ScriptVersion, candidate: IntentModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents_in_force, "FRESH_S", 600.0)
    intents_in_force.forget()  # installing the scripts has asked already, for two seconds
    assert intents_in_force.in_force() is shipped()
    approval = promoting.ask(candidate, maker=cast.writer, at=now())
    with pytest.raises(MakerIsChecker):
        promoting.sign(candidate, approval=approval, checker=cast.writer, at=now())
    promoting.sign(candidate, approval=approval, checker=cast.reviewer, at=now())
    candidate.refresh_from_db()
    assert candidate.state == ModelState.LIVE
    # a running process goes on for so long, then asks again
    assert intents_in_force.in_force() is shipped()
    monkeypatch.setattr(intents_in_force, "FRESH_S", 0.0)
    intents_in_force.forget()
    assert intents_in_force.in_force().model.sha256 == candidate.sha256
    assert intents_in_force.in_force() is intents_in_force.in_force()
    call = uuid4()
    variables = {"bank": "江南城市银行", "name": "张伟", "apr": "6.8"}
    conversing.begin(call_ref=call, version=version, variables=variables, at=now())
    conversing.hear(call_ref=call, turn=1, text="利息是多少呀", at=now())
    said = Turn.objects.get(text="利息是多少呀")
    assert said.model_hash == candidate.sha256
    assert Entry.objects.filter(kind="robot.model_promoted").count() == 1


def test_rolling_back_is_promoting_an_earlier_model_again(
    cast: Cast, candidate: IntentModel, small: Path
) -> None:
    fitting.keep_shipped(small)
    old = IntentModel.objects.get(maker=None)
    for model in (candidate, old, candidate):
        model.refresh_from_db()
        approval = promoting.ask(model, maker=cast.writer, at=now())
        promoting.sign(model, approval=approval, checker=cast.reviewer, at=now())
        assert list(IntentModel.objects.filter(state="live")) == [model]
    old.refresh_from_db()
    assert old.state == ModelState.RETIRED
    candidate.refresh_from_db()
    with pytest.raises(AlreadyDecided):
        promoting.ask(candidate, maker=cast.writer, at=now())


def test_weights_that_somebody_altered_are_neither_signed_nor_used(
    cast: Cast, candidate: IntentModel
) -> None:
    approval = promoting.ask(candidate, maker=cast.writer, at=now())
    IntentModel.objects.filter(pk=candidate.pk).update(
        weights=bytes(candidate.weights or b"") + b"x"
    )
    candidate.refresh_from_db()
    with pytest.raises(WeightsChanged):
        promoting.sign(candidate, approval=approval, checker=cast.reviewer, at=now())
    IntentModel.objects.filter(pk=candidate.pk).update(state="live", live_at=now())
    assert intents_in_force.in_force() is shipped()


def test_the_database_keeps_one_model_in_force(cast: Cast, candidate: IntentModel) -> None:
    second = stored(cast, WEIGHTS.read_bytes())
    IntentModel.objects.filter(pk=candidate.pk).update(state="live")
    for state in ("live", "loose"):
        with pytest.raises(IntegrityError), transaction.atomic():
            IntentModel.objects.filter(pk=second.pk).update(state=state)
    with pytest.raises(IntegrityError), transaction.atomic():
        IntentModel.objects.filter(pk=second.pk).update(sha256="")
