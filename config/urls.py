"""Every address of the web process."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("hooks/", include("dialer.urls")),
    path("api/v1/", include("api.urls")),
    path("", include("console.urls")),
]
