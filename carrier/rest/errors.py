"""Twilio's error bodies: code, message, more_info, status; never ``type`` and ``title``."""

from __future__ import annotations

from aiohttp import web

MESSAGES = {
    20001: "Bad request",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20405: "Method not allowed",
    20429: "Too many requests",
    20500: "Internal server error",
    20503: "Service unavailable",
    21201: "No 'To' number is specified",
    21205: "Url is not a valid URL",
    21208: "Timeout is not valid",
    21210: "The source phone number provided is not yet verified for this account",
    21211: "Invalid 'To' phone number",
    21212: "The phone number provided as 'From' is not valid",
    21213: "No 'From' number is specified",
    21214: "The 'To' phone number cannot be reached",
    21215: "Account not authorized to call this number; perhaps international permissions",
    21216: "Account not allowed to call this number",
    21217: "Phone number does not appear to be valid",
    21218: "Invalid ApplicationSid",
    21220: "Call is not in-progress. Cannot redirect.",
    21224: "Url and Twiml cannot both be given",
    21609: "Invalid 'StatusCallback' URL",
    21626: "Invalid status callback event",
    16001: "The conference is full",
    16025: "A participant with this label is already in the conference",
    13240: "Invalid call SID to coach",
}


class RestError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: int, message: str = "") -> None:
        super().__init__(message or MESSAGES.get(code, "Error"))
        self.status, self.code = status, code

    def response(self) -> web.Response:
        """As it goes over the wire."""
        return error_response(self.status, self.code, str(self))


def error_response(status: int, code: int, message: str = "") -> web.Response:
    """An error body with its headers."""
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else None
    return web.json_response(
        {
            "code": code,
            "message": message or MESSAGES.get(code, "Error"),
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        },
        status=status,
        headers=headers,
    )


def not_found(what: str = "") -> RestError:
    """404 for a resource that is not there."""
    text = f"The requested resource {what} was not found" if what else ""
    return RestError(404, 20404, text)
