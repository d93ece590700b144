"""Addresses of the carrier's webhooks. No redirects: they would lose the customer's answer.

Each fetch of what to say has an address of its own, for a repeated address gets the stored reply:
turns are numbered, and what belongs to a hand-over carries the number of the offer.
"""

from __future__ import annotations

from django.urls import path

from dialer import media, webhooks

app_name = "hooks"

urlpatterns = [
    path("call/<uuid:public_id>/answer/", webhooks.answer, name="answer"),
    path("call/<uuid:public_id>/turn/<int:number>/", webhooks.turn, name="turn"),
    path(
        "call/<uuid:public_id>/turn/<int:number>/overheard/", webhooks.overheard, name="overheard"
    ),
    path("call/<uuid:public_id>/status/", webhooks.status, name="status"),
    path("call/<uuid:public_id>/recording/", webhooks.recording, name="recording"),
    path("call/<uuid:public_id>/amd/", webhooks.amd, name="amd"),
    path("transfer/<uuid:transfer_id>/park/<int:offer>/<int:number>/", webhooks.park, name="park"),
    path("transfer/<uuid:transfer_id>/bridge/<int:offer>/", webhooks.bridge, name="bridge"),
    path("transfer/<uuid:transfer_id>/after/<int:offer>/", webhooks.after, name="after"),
    path("transfer/<uuid:transfer_id>/conference/", webhooks.conference, name="conference"),
    path("sms/receipt/", webhooks.message_receipt, name="message_receipt"),
    path("voice/<str:sha256>/", media.voice, name="voice"),
    path("inbound/", webhooks.ring_back, name="inbound"),
    path("inbound/<int:number>/", webhooks.ring_back_turn, name="inbound_turn"),
    path("inbound/status/", webhooks.ring_back_status, name="inbound_status"),
]
