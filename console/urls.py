"""The addresses of the screens."""

from __future__ import annotations

from django.urls import include, path

from console.views import desk, health, home, live_tickets, sandbox, signing_in, trial_calls, wall

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", signing_in.SignIn.as_view(), name="sign_in"),
    path("sign-out/", signing_in.sign_out, name="sign_out"),
    path("language/", signing_in.choose_language, name="language"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("live-ticket/", live_tickets.ticket, name="live_ticket"),
    path("desk/", desk.desk, name="desk"),
    path("desk/state/", desk.state, name="desk_state"),
    path("desk/presence/", desk.presence_change, name="desk_presence"),
    path("desk/ping/", desk.ping, name="desk_ping"),
    path("desk/transfers/<uuid:transfer_id>/accept/", desk.accept, name="desk_accept"),
    path("desk/transfers/<uuid:transfer_id>/reject/", desk.reject, name="desk_reject"),
    path("desk/transfers/<uuid:transfer_id>/hang-up/", desk.hang_up, name="desk_hang_up"),
    path("desk/transfers/<uuid:transfer_id>/wrap-up/", desk.wrap_up, name="desk_wrap_up"),
    path("desk/callbacks/<int:callback_id>/call/", desk.call_back, name="desk_call_back"),
    path("test-calls/", trial_calls.page, name="test_calls"),
    path("test-calls/number/", trial_calls.enter_number, name="test_call_number"),
    path("test-calls/code/", trial_calls.enter_code, name="test_call_code"),
    path("test-calls/ring/", trial_calls.ring, name="test_call_ring"),
    path(
        "test-calls/<int:number_id>/show-code/", trial_calls.show_code, name="test_call_show_code"
    ),
    path("wall/", wall.wall, name="wall"),
    path("wall/state/", wall.state, name="wall_state"),
    path("wall/campaigns/<int:campaign_id>/<str:step>/", wall.steer, name="wall_steer"),
    path("sandbox/", sandbox.sandbox, name="sandbox"),
    path("sandbox/sign-in/", sandbox.sign_in, name="sandbox_sign_in"),
    path("sandbox/speed/", sandbox.change_speed, name="sandbox_speed"),
    path("sandbox/clock/", sandbox.clock, name="sandbox_clock"),
    path("sandbox/carrier/", sandbox.carrier_state, name="sandbox_carrier"),
    path("sandbox/faults/", sandbox.change_faults, name="sandbox_faults"),
    path("sandbox/people/", sandbox.change_people, name="sandbox_people"),
    path("", include("console.urls_inbox")),
    path("", include("console.urls_results")),
    path("", include("console.urls_compliance")),
    path("", include("console.urls_workbench")),
]
