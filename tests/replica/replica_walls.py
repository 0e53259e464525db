"""Answers in place of pages: walls, errors, and bodies that are not what they should be."""

from html import escape
from typing import Final, NamedTuple

CF_RAY: Final = {"cf-ray": "9a0b1c2d3e4f5a6b-LHR", "server": "cloudflare"}
"""Goes with every answer, also with good ones."""
HTML: Final = "text/html; charset=utf-8"
JSON: Final = "application/json; charset=utf-8"


class Made(NamedTuple):
    """An answer."""

    body: bytes
    status: int = 200
    content_type: str = HTML
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes into it


def _document(title: str, body: str, head: str = "") -> bytes:
    return (f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body>{body}</body></html>").encode()


_INCAPSULA: Final = Made(
    b'<html>\n<head>\n<META NAME="ROBOTS" CONTENT="NOINDEX, NOFOLLOW">\n'
    b'<script src="/_Incapsula_Resource?SWJIYLWA=1"></script>\n</head>\n<body>\n'
    b'<iframe src="/_Incapsula_Resource?CWUDNSAI=9" frameborder=0>Request unsuccessful. '
    b"Incapsula incident ID: 123000450-678901234567</iframe>\n</body></html>"
)
_CHALLENGE: Final = _document(
    "Just a moment...",
    '<div id="challenge-running"></div><p>Checking your browser. Verify you are human.</p>'
    "<p>Ray ID: 9a0b1c2d3e4f5a6b</p>",
    "<script>window._cf_chl_opt={};</script>"
    '<script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script>',
)
_BAN: Final = _document(
    "Attention Required! | Cloudflare", "<h1>Sorry, you have been blocked</h1><p>Ray ID: 9a0b1c2d3e4f5a6b</p>"
)
_SHELL: Final = _document(
    "404", "<p>The page you requested does not exist</p>", '<script src="/verify-client.js"></script>'
)
_BAD_GATEWAY: Final = _document("whoscored.com | 502: Bad gateway", "<h1>Bad gateway</h1><p>Error code 502</p>")
_FIXED: Final = {
    "incapsula": _INCAPSULA,
    "challenge": Made(_CHALLENGE, 403),
    "challenge_503": Made(_CHALLENGE, 503),
    "ban": Made(_BAN, 403),
    "verify_client": Made(_SHELL),
    "bad_gateway": Made(_BAD_GATEWAY),
    "unavailable": Made(_document("503", "<p>Service unavailable</p>"), 503),
    "empty": Made(b""),
}


def in_place(kind: str, path: str, good: Made, retry_after: int) -> Made:
    """What a fault of a kind makes of a good answer; itself where the kind is about time or connections."""
    if kind in _FIXED:
        return _FIXED[kind]
    if kind == "rate_limited":
        body = _document("429", "<p>Too many requests</p>")
        return Made(body, 429, HTML, {"Retry-After": str(retry_after)})
    if kind == "not_found":
        return Made(b"", 302, HTML, {"Location": f"/404.html?aspxerrorpath={path}"})
    if kind == "truncated":
        return good._replace(body=good.body[: len(good.body) // 2])
    if kind == "as_html":
        return good._replace(content_type=HTML)
    if kind == "no_pre":
        text = escape(good.body.decode(), quote=False)
        return Made(f"<html><head></head><body>{text}</body></html>".encode())
    return good
