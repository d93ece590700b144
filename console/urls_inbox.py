"""The addresses of the branch manager's inbox and of marketing's campaign pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from console.views import campaign_pages, inbox

urlpatterns: list[URLPattern | URLResolver] = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/<int:list_id>/", inbox.list_page, name="inbox-list"),
    path("inbox/<int:list_id>/approve/", inbox.approve, name="inbox-approve"),
    path("inbox/<int:list_id>/return/", inbox.send_back, name="inbox-return"),
    path("inbox/<int:list_id>/take-out/", inbox.take_out, name="inbox-take-out"),
    path("inbox/<int:list_id>/put-back/", inbox.put_back, name="inbox-put-back"),
    path("campaigns/", campaign_pages.campaigns, name="campaigns"),
    path("campaigns/<int:campaign_id>/", campaign_pages.campaign, name="campaign"),
    path("campaigns/<int:campaign_id>/<slug:step>/", campaign_pages.step, name="campaign-step"),
    path(
        "campaigns/<int:campaign_id>/lists/<int:list_id>/<slug:step>/",
        campaign_pages.list_step,
        name="campaign-list-step",
    ),
]
