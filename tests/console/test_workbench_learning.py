"""What was not understood, and the models trained from it, on the workbench's pages."""

from __future__ import annotations

from collections.abc import Iterator

import django_rq
import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from robot import intents_in_force
from robot.domain.model_life import ModelState
from robot.models import IntentModel, ScriptVersion, TrainingExample
from robot.publishing import install_shipped_scripts
from tests.cast import Cast
from tests.robot.test_learning import heard, other_weights, stored

LIST = "/workbench/utterances/"
MODELS = "/workbench/models/"


@pytest.fixture(autouse=True)
def _as_a_new_process() -> Iterator[None]:
    intents_in_force.forget()
    yield
    intents_in_force.forget()
    django_rq.get_queue("batch").empty()  # type: ignore[no-untyped-call]


@pytest.fixture
def version(cast: Cast) -> ScriptVersion:
    return install_shipped_scripts()[0]


def opened(client: Client, user: User, address: str, language: str = "zh-hans") -> str:
    user.language = language
    user.save(update_fields=["language"])
    client.force_login(user)
    return client.get(address).content.decode()


def test_one_click_labels_what_was_said_and_takes_it_off_the_list(
    cast: Cast, client: Client, version: ScriptVersion
) -> None:
    turn = heard(version, "划不划得来嘛")
    text = opened(client, cast.writer, LIST)
    assert "划不划得来嘛" in text and 'value="ask_price"' in text
    here = f"?script={version.script.code}"
    answer = client.post(
        f"{LIST}label/", {"turn": turn, "label": "ask_price", "here": here}, follow=True
    )
    assert answer.redirect_chain == [(LIST + here, 302)]
    example = TrainingExample.objects.get()
    assert (example.text, example.label, example.turn_id) == ("划不划得来嘛", "ask_price", turn)
    assert "全部已识别" in opened(client, cast.writer, LIST)
    assert "划不划得来嘛" in opened(client, cast.writer, f"{LIST}?show=kept")
    client.post(f"{LIST}{example.pk}/withdraw/")
    example.refresh_from_db()
    assert example.withdrawn_by == cast.writer
    assert "划不划得来嘛" in opened(client, cast.writer, LIST, "en")


def test_another_meaning_is_chosen_from_the_catalogue_and_noise_is_left_alone(
    cast: Cast, client: Client, version: ScriptVersion
) -> None:
    client.force_login(cast.writer)
    first, second = heard(version, "划不划得来嘛"), heard(version, "滋啦滋啦的")
    client.post(f"{LIST}label/", {"turn": first, "label": "other", "other": "hesitate"})
    client.post(f"{LIST}label/", {"turn": second, "label": "leave"})
    kept = dict(TrainingExample.objects.values_list("text", "label"))
    assert kept == {"划不划得来嘛": "hesitate", "滋啦滋啦的": ""}


@pytest.mark.parametrize(
    "fields",
    [
        {"label": "other", "other": ""},
        {"label": "nonsense"},
        {"turn": "x", "label": "affirm"},
        {"turn": "9" * 30, "label": "affirm"},
        {},
    ],
)
def test_a_label_that_is_none_keeps_nothing_and_says_so(
    cast: Cast, client: Client, version: ScriptVersion, fields: dict[str, str]
) -> None:
    client.force_login(cast.writer)
    sent = {"turn": str(heard(version, "划不划得来嘛")), "here": "https://elsewhere", **fields}
    answer = client.post(f"{LIST}label/", sent, follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    assert 'class="note error"' in answer.content.decode()
    assert not TrainingExample.objects.exists()


def test_others_read_but_neither_label_nor_train(
    cast: Cast, client: Client, version: ScriptVersion
) -> None:
    turn = heard(version, "划不划得来嘛")
    text = opened(client, cast.marketer, LIST)
    assert "划不划得来嘛" in text and f"{LIST}label/" not in text
    model = stored(cast, other_weights())
    client.force_login(cast.reviewer)
    for address in (f"{LIST}label/", f"{LIST}1/withdraw/", f"{MODELS}train/"):
        assert client.post(address, {"turn": turn, "label": "affirm"}).status_code == 403
    assert client.post(f"{MODELS}{model.pk}/ask/").status_code == 403
    client.force_login(cast.marketer)
    assert client.post(f"{MODELS}{model.pk}/sign/").status_code == 403


def test_a_training_is_begun_and_its_progress_shown(
    cast: Cast,
    client: Client,
    version: ScriptVersion,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    text = opened(client, cast.writer, MODELS)
    assert "还没有自行训练的模型" in text
    client.post(f"{LIST}label/", {"turn": heard(version, "划不划得来嘛"), "label": "ask_price"})
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"{MODELS}train/", follow=True)
    model = IntentModel.objects.get()
    assert answer.redirect_chain == [(f"{MODELS}{model.pk}/", 302)]
    assert "训练中" in answer.content.decode()
    assert 'http-equiv="refresh"' in answer.content.decode()
    assert "已有模型正在训练" in client.post(f"{MODELS}train/", follow=True).content.decode()
    assert [job.args for job in django_rq.get_queue("batch").jobs][-1] == (model.pk,)


def test_a_model_goes_from_its_maker_to_the_reviewer_and_into_force(
    cast: Cast, client: Client, version: ScriptVersion
) -> None:
    model = stored(cast, other_weights())
    address = f"{MODELS}{model.pk}/"
    client.force_login(cast.writer)
    client.post(f"{address}ask/")
    assert client.post(f"{address}sign/").status_code == 403
    assert "测试集共 1,376 条" in opened(client, cast.reviewer, address)
    assert address in opened(client, cast.reviewer, "/compliance/inbox/")
    client.post(f"{address}return/", {"reason": ""})
    model.refresh_from_db()
    assert model.state == ModelState.CANDIDATE
    client.post(f"{address}sign/")
    model.refresh_from_db()
    assert model.state == ModelState.LIVE
    assert "In force" in opened(client, cast.reviewer, MODELS, "en")
    assert client.post(f"{address}burn/").status_code == 404
    assert client.get(f"{MODELS}999999/").status_code == 404


def test_altered_weights_cannot_be_submitted(
    cast: Cast, client: Client, version: ScriptVersion
) -> None:
    model = stored(cast, other_weights())
    IntentModel.objects.filter(pk=model.pk).update(weights=b"altered")
    client.force_login(cast.writer)
    answer = client.post(f"{MODELS}{model.pk}/ask/", follow=True)
    assert "The stored weights are not those" in answer.content.decode()
