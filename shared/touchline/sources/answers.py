"""What an answer is: the page that was asked for, a wall in its place, or nothing that can be used.

The marks of walls come from what they look like in the wild. A mark that ordinary pages carry too proves nothing alone:
every answer of a site behind Cloudflare has a `cf-ray` header, and many carry one of its scripts.
"""

import contextlib
import json
import re
from email.utils import parsedate_to_datetime
from typing import Final, NoReturn

from touchline.collecting import Answer, Page
from touchline.errors import BlockedError, ConfigurationError, NotFound, PermanentError, Unavailable

LONGEST_WAIT: Final = 60.0
"""Seconds; a server that says "too many requests" and wants more patience has shut its door."""
_LARGEST_WALL: Final = 300_000
"""Bytes; walls are small documents, and the words of one in the middle of a long page are just words."""
_FAR: Final = 7 * 86_400.0
_TITLE: Final = re.compile(r"<title[^>]*>(.*?)</title", re.DOTALL)
_CHALLENGE_MACHINE: Final = re.compile(
    r"/cdn-cgi/challenge-platform/(?!(?:h/\w+/)?scripts/jsd)"  # jsd is put into ordinary pages too
    r"|cf-browser-verification|challenge-running|cf-chl-|cf_chl_"
)
_CHALLENGE_WORDS: Final = re.compile(r"verify you are human|checking your browser|please stand by")
_ORIGIN_ERROR: Final = re.compile(r"\|\s*5\d\d:")
_INCAPSULA_FRAME: Final = re.compile(r"<iframe[^>]*/_incapsula_resource")
_INCAPSULA_WORDS: Final = re.compile(r"request unsuccessful\.\s*incapsula incident id")
_BANNED: Final = "sorry, you have been blocked"
_WALL_STATUS: Final = frozenset({403, 429, 503})
_NOT_NOW: Final = frozenset({408, 425})
_REFUSED: Final = frozenset({401, 402, 403, 407, 451})
_INSTEAD: Final = {
    "whoscored": "the open source football-data has most of it: results, shots, corners, cards and odds",
}

_WALLS: Final = {
    "incapsula": "Incapsula shows a wall in place of the page",
    "cloudflare_challenge": "Cloudflare asks for a proof that a human is reading",
    "cloudflare_ban": "Cloudflare has banned this address",
    "verify_client": "the site takes us for a robot and shows an empty shell",
    "rate_limited": "too many requests, and the server wants a long rest",
    "forbidden": "the server refuses",
}


def judge(page: Page, answer: Answer) -> None:
    """Let an answer pass that is what was asked for, as far as this can be told without knowing its kind.

    Raises:
        BlockedError: a wall; `kind` is one of incapsula, cloudflare_challenge, cloudflare_ban, verify_client,
            rate_limited and forbidden.
        NotFound: the site has no such page.
        Unavailable: no usable answer now; `retry_after` where the server says when to come back.
        ConfigurationError: the key that was sent is not accepted.
        PermanentError: the server does not understand the request.
    """
    document = _document(answer)
    if document:
        kind = _wall(document, answer)
        if kind:
            _blocked(page, answer, kind)
    _check_status(page, answer)
    if document:
        _check_title(page, document)
    _check_body(page, answer)


def _document(answer: Answer) -> str:
    """Lower-case text of a small HTML page, else empty."""
    start = answer.body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if len(answer.body) > _LARGEST_WALL or not start.startswith(b"<"):
        return ""
    return answer.body.decode("utf-8", "replace").lower()


def _wall(document: str, answer: Answer) -> str:
    title = _title(document)
    if _INCAPSULA_FRAME.search(document) or _INCAPSULA_WORDS.search(document):
        return "incapsula"
    if title.startswith("attention required!") or (_BANNED in document and answer.status in _WALL_STATUS):
        return "cloudflare_ban"
    if _is_challenge(title, document, answer):
        return "cloudflare_challenge"
    return "verify_client" if "verify-client.js" in document and "you requested does not exist" in document else ""


def _title(document: str) -> str:
    found = _TITLE.search(document)
    return found[1].strip() if found else ""


def _is_challenge(title: str, document: str, answer: Answer) -> bool:
    """Whether two marks of different kinds agree, or the server says so itself."""
    if answer.headers.get("cf-mitigated", "").lower() == "challenge":
        return True
    titled = title.startswith("just a moment")
    machine, words = bool(_CHALLENGE_MACHINE.search(document)), bool(_CHALLENGE_WORDS.search(document))
    return titled + machine + words + (answer.status in _WALL_STATUS) >= 2 and (titled or machine)


def _check_status(page: Page, answer: Answer) -> None:
    status = answer.status
    if status in (404, 410) or _leads_nowhere(answer.url):
        raise NotFound(f"no such page (status {status})", where=page.url, hint="check competition and season")
    if status == 429:
        _too_many(page, answer)
    if status >= 500 or status in _NOT_NOW:
        after = _retry_after(answer) or 0.0
        raise Unavailable(f"the server answers {status}", where=page.url, retry_after=after)
    if status in _REFUSED:
        _refused(page, answer)
    if not 200 <= status < 300:
        what = f"the server does not understand the request (status {status})"
        raise PermanentError(what, where=page.url, hint="open the address in a browser")


def _leads_nowhere(url: str) -> bool:
    path, _, query = url.lower().partition("?")
    return path.endswith("/404.html") and "aspxerrorpath=" in query


def _too_many(page: Page, answer: Answer) -> NoReturn:
    after = _retry_after(answer)
    if after is None or after > LONGEST_WAIT:
        _blocked(page, answer, "rate_limited", after or 0.0)
    raise Unavailable("too many requests just now (status 429)", where=page.url, retry_after=after)


def _refused(page: Page, answer: Answer) -> NoReturn:
    if answer.status in (401, 403) and _has_key(page):
        what = f"the server does not accept the key, or the key is not good for this page (status {answer.status})"
        raise ConfigurationError(what, where=page.url, hint=f"check the key of {page.source} and what its plan covers")
    _blocked(page, answer, "forbidden")


def _has_key(page: Page) -> bool:
    return "{" in page.url or any("{" in value for _, value in page.headers)


def _blocked(page: Page, answer: Answer, kind: str, after: float = 0.0) -> NoReturn:
    rest = "do not ask again before the cool-down has passed, and then more slowly"
    hint = "; ".join(part for part in (rest, _INSTEAD.get(page.source, "")) if part)
    what = f"{_WALLS[kind]} (status {answer.status})"
    raise BlockedError(what, kind=kind, where=page.url, hint=hint, retry_after=after)


def _retry_after(answer: Answer) -> float | None:
    """Seconds that the server asks us to wait; None if it does not say, or names a moment without telling its time."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), _FAR)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        then, now = (parsedate_to_datetime(value) for value in (text, answer.headers.get("date", "")))
        return min(max((then - now).total_seconds(), 0.0), _FAR)
    return None


def _check_title(page: Page, document: str) -> None:
    title = _title(document)
    if _ORIGIN_ERROR.search(title):
        raise Unavailable(f"the site behind the page is down: {title[:100]}", where=page.url)


def _check_body(page: Page, answer: Answer) -> None:
    if not answer.body.strip():
        raise Unavailable("the answer is empty", where=page.url)
    if page.wants != "json":
        return
    try:
        json.loads(answer.body)
    except (ValueError, RecursionError):
        kind = answer.content_type or "no content type"
        raise Unavailable(f"JSON was wanted and none came whole ({kind})", where=page.url) from None
