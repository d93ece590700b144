"""The HTTP application: routes, authentication, and errors as Twilio words them."""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from carrier.core.exchange import Exchange
from carrier.core.notices import API_VERSION
from carrier.rest import accounts, calls, conferences, participants, recordings
from carrier.rest.common import EXCHANGE
from carrier.rest.errors import RestError, error_response, not_found

log = logging.getLogger("carrier")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MAX_BODY = 1024 * 1024


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every failure has Twilio's body."""
    try:
        return await handler(request)
    except RestError as error:
        return error.response()
    except web.HTTPNotFound:
        return error_response(404, 20404)
    except web.HTTPMethodNotAllowed:
        return error_response(405, 20405)
    except web.HTTPRequestEntityTooLarge:
        return error_response(400, 20001, "The request body is too large")
    except web.HTTPException as error:
        return error_response(error.status, 20001, error.reason)
    except Exception:
        log.exception("%s %s broke", request.method, request.match_info.route.name)
        return error_response(500, 20500)


@web.middleware
async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Basic authentication by account and token, or by API key and secret; own account only."""
    if request.path.startswith("/_carrier"):
        return await handler(request)
    exchange = request.app[EXCHANGE]
    if not _known(exchange, request.headers.get("Authorization", "")):
        raise RestError(401, 20003)
    account = request.match_info.get("account")
    if account is not None and account != exchange.settings.account_sid:
        raise not_found(request.path)
    return await handler(request)


def _known(exchange: Exchange, header: str) -> bool:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeError, ValueError):
        return False
    settings = exchange.settings
    expected = settings.auth_token if user == settings.account_sid else settings.api_keys.get(user)
    if expected is None:
        return False
    return hmac.compare_digest(password.encode(), expected.encode())


def build(exchange: Exchange) -> web.Application:
    """The application with Twilio's routes; the control plane is added by the caller."""
    app = web.Application(middlewares=[errors, authenticate], client_max_size=MAX_BODY)
    app[EXCHANGE] = exchange
    root = f"/{API_VERSION}/Accounts/{{account}}"
    one_call = root + r"/Calls/{call:[^/.]+}"
    room = root + r"/Conferences/{conference:[^/]+?}"
    one_participant = room + r"/Participants/{participant:[^/]+?}"
    one_recording = r"/Recordings/{recording:[^/.]+|Twilio\.CURRENT}"
    app.add_routes(
        [
            web.get(f"/{API_VERSION}/Accounts/{{account:[^/.]+}}.json", accounts.fetch),
            web.post(f"{root}/Calls.json", calls.create),
            web.get(f"{root}/Calls.json", calls.listing),
            web.get(f"{one_call}.json", calls.fetch),
            web.post(f"{one_call}.json", calls.update),
            web.delete(f"{one_call}.json", calls.delete),
            web.post(f"{one_call}/Recordings.json", recordings.create),
            web.get(f"{one_call}/Recordings.json", recordings.listing),
            web.get(f"{one_call}{one_recording}.json", recordings.fetch),
            web.post(f"{one_call}{one_recording}.json", recordings.update),
            web.delete(f"{one_call}{one_recording}.json", recordings.delete),
            web.get(f"{root}/Recordings.json", recordings.listing),
            web.get(f"{root}{one_recording}.json", recordings.fetch),
            web.get(f"{root}{one_recording}.wav", recordings.media),
            web.get(f"{root}{one_recording}", recordings.media),
            web.delete(f"{root}{one_recording}.json", recordings.delete),
            web.get(f"{root}/Conferences.json", conferences.listing),
            web.get(f"{room}/Recordings.json", recordings.listing),
            web.get(f"{room}{one_recording}.json", recordings.fetch),
            web.post(f"{room}{one_recording}.json", recordings.update),
            web.delete(f"{room}{one_recording}.json", recordings.delete),
            web.post(f"{room}/Participants.json", participants.create),
            web.get(f"{room}/Participants.json", participants.listing),
            web.get(f"{one_participant}.json", participants.fetch),
            web.post(f"{one_participant}.json", participants.update),
            web.delete(f"{one_participant}.json", participants.delete),
            web.get(f"{room}.json", conferences.fetch),
            web.post(f"{room}.json", conferences.update),
        ]
    )
    return app
