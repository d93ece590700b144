"""The addresses of the script writer's workbench."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from console.views import (
    messages,
    workbench,
    workbench_models,
    workbench_release,
    workbench_trying,
    workbench_utterances,
    workbench_voice,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("messages/", messages.failed, name="messages"),
    path("messages/<uuid:public_id>/again/", messages.again, name="message-again"),
    path("workbench/", workbench.scripts, name="workbench"),
    path("workbench/save/", workbench.save, name="workbench-save"),
    path("workbench/check/", workbench_trying.check, name="workbench-check"),
    path("workbench/change/", workbench_trying.change, name="workbench-change"),
    path("workbench/chat/", workbench_trying.chat, name="workbench-chat"),
    path("workbench/utterances/", workbench_utterances.utterances, name="utterances"),
    path("workbench/utterances/label/", workbench_utterances.label, name="utterance-label"),
    path(
        "workbench/utterances/<int:example_id>/withdraw/",
        workbench_utterances.withdraw,
        name="example-withdraw",
    ),
    path("workbench/models/", workbench_models.index, name="intent-models"),
    path("workbench/models/train/", workbench_models.train, name="intent-models-train"),
    path("workbench/models/<int:model_id>/", workbench_models.model, name="intent-model"),
    path(
        "workbench/models/<int:model_id>/<str:step>/",
        workbench_models.promotion,
        name="intent-model-step",
    ),
    path("workbench/<int:version_id>/", workbench.version, name="workbench-version"),
    path(
        "workbench/<int:version_id>/against/<int:other_id>/",
        workbench.compare,
        name="workbench-compare",
    ),
    path("workbench/<int:version_id>/funnel/", workbench_release.figures, name="workbench-funnel"),
    path("workbench/clips/<str:sha256>/", workbench_voice.clip, name="workbench-clip"),
    path("workbench/<int:version_id>/voice/", workbench_voice.pieces, name="workbench-voice"),
    path(
        "workbench/<int:version_id>/voice/record/",
        workbench_voice.record,
        name="workbench-voice-record",
    ),
    path(
        "workbench/<int:version_id>/voice/<int:recording_id>/remove/",
        workbench_voice.remove,
        name="workbench-voice-remove",
    ),
    path(
        "workbench/<int:version_id>/<str:step>/",
        workbench_release.release,
        name="workbench-release",
    ),
]
