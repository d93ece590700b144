"""Signing in and out, and the choice of language."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import User
from agents import presence
from agents.models import Agent

_YEAR_S = 365 * 24 * 3600


class SignInForm(AuthenticationForm):
    """Django's form, in the bank's words."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("This name and password do not match. Please try again."),
    }

    def __init__(self, request: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = _("User name")
        self.fields["password"].label = _("Password")


class SignIn(LoginView):
    """The sign-in page; whoever is signed in already is led home."""

    template_name = "sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; an agent's promise to a customer is released first."""
    if isinstance(request.user, User):
        agent = Agent.objects.filter(user=request.user).first()
        if agent is not None:
            presence.sign_out(agent)
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the language for this browser and, when signed in, for the user; then go back."""
    wanted = request.POST.get("language", "")
    following = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(
        following, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        following = "/"
    response = redirect(following)
    if wanted not in dict(settings.LANGUAGES):
        return response
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, max_age=_YEAR_S, samesite="Lax")
    if isinstance(request.user, User):
        User.objects.filter(pk=request.user.pk).update(language=wanted)
    return response
