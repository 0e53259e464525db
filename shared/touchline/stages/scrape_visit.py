"""Scrape: manners. How one source's pages are asked for, one at a time, and when they are not.

What has to outlive a run stands in the database: when a host was last asked, how often on this day, and until when it
is left alone because it blocked us. A wall is never climbed: it is kept as evidence, and respected.
"""

import contextlib
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import random
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from touchline.collecting import Answer, Fetcher, HostState, Kept, Page, Source
from touchline.errors import BlockedError, NoConnection, NotFound, PermanentError, TouchlineError, Unavailable
from touchline.manifest import encode, payload_bytes, payload_ref, write_payload
from touchline.settings import Scrape
from touchline.sources.answers import LONGEST_WAIT, judge
from touchline.work import Ports

if TYPE_CHECKING:
    import tenacity
    from protego import Protego

LONGEST_REST: Final = 4
"""Cool-downs in one, however often a host blocks us in a row."""
SILENT: Final = 3
"""Pages in a row that no answer came for: the host is down, and the run ends with it."""
UNREACHED: Final = 2
"""Attempts at most where no connection comes about."""
ROBOTS: Final = "robots"
HOSTS: Final = 5
"""So often at most an answer may send us on to another host."""
_ROBOTS_LAST: Final = timedelta(days=1)
_SHOWN: Final = 2_000_000
"""Bytes of an answer that are kept as evidence."""
_SECRET_HEADERS: Final = frozenset({"set-cookie", "authorization", "x-auth-token"})


class Stopped(Unavailable):
    """The source is not asked any more in this run; nothing is wrong with the page."""


class Enough(Stopped):
    """It was asked as often as it may be on one day."""


class Visitor:
    """Asks for the pages of one source, politely.

    Args:
        ports: where the state of hosts, the journal and evidence are kept.
        source: whose manners are due.
        settings: what people set in place of them.
        rest: waits so many seconds.
        draw: a number from 0 to 1, for the jitter.
    """

    def __init__(
        self,
        ports: Ports,
        source: Source,
        settings: Scrape,
        rest: Callable[[float], None] = time.sleep,
        draw: Callable[[], float] = random,
    ) -> None:
        self._ports, self._source, self._settings = ports, source, settings
        self._rest, self._draw = rest, draw
        self._fetcher: Fetcher | None = None
        self._robots: dict[str, Protego | None] = {}
        self._delays: dict[str, float] = {}
        self._ended: dict[str, datetime] = {}
        """Host -> when its last answer had come."""
        self._rested = 0.0
        self._silent = 0
        self._answer: Answer | None = None
        self.retries = 0
        """Requests that had to be made again."""

    def close(self) -> None:
        """Let go of the browser or the connection."""
        if self._fetcher is not None:
            self._fetcher.close()

    def visit(self, page: Page) -> Answer:
        """What a page shows, once it was answered well.

        Raises:
            BlockedError: a wall, now or not long ago; evidence is kept.
            Stopped: no more requests today, the host does not answer, or its robots.txt cannot be read.
            NotFound, PermanentError, DataError: there is no such page, or robots.txt closes it to us.
            Unavailable: no usable answer, after all attempts.
        """
        self._heed_robots(page.url)
        answer = self._patiently(page)
        for _ in range(HOSTS):
            if not answer.sends_to:
                break
            self._heed_robots(answer.sends_to)
            answer = self._patiently(_sent_on(page, answer))
        else:
            raise PermanentError(f"sent on to more than {HOSTS} hosts", where=page.url, hint="check the address")
        if host_of(answer.url) != host_of(page.url):  # a browser may have gone there before anybody could look
            self._heed_robots(answer.url)
        return answer

    def _patiently(self, page: Page) -> Answer:
        import tenacity

        again = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_worth_another),
            stop=self._is_enough,
            wait=self._back_off,
            sleep=self._sleep,
            before_sleep=self._count,
            reraise=True,
        )
        try:
            answer = again(self._once, page)
        except (BlockedError, Stopped):
            raise
        except Unavailable as error:
            self._keep_evidence(page, "unavailable", error)
            self._silent += 1
            if self._silent >= SILENT:
                raise Stopped(f"{SILENT} pages in a row gave no answer: {error.what}", where=error.where) from error
            raise _long_wait(error) from error
        except TouchlineError:
            self._silent = 0
            raise
        self._silent = 0
        return answer

    def _is_enough(self, state: "tenacity.RetryCallState") -> bool:
        """Whether no further attempt is made; a host that is not reached gets one more, so that it is told soon."""
        most = 1 if self._silent else self._settings.attempts
        reached = not (state.outcome and isinstance(state.outcome.exception(), NoConnection))
        return state.attempt_number >= (most if reached else min(most, UNREACHED))

    def _once(self, page: Page) -> Answer:
        """One request, when its time has come."""
        host = host_of(page.url)
        state = self._permitted(host)
        self._ports.hosts.note(state)
        self._answer = None
        try:
            answer = self._answer = self._asked().get(page)
            _judge(page, answer)
        except BlockedError as error:
            self._open_breaker(state, page, error)
            raise
        except NotFound:
            self._close_breaker(state)
            raise
        finally:
            self._ended[host], self._rested = self._ports.clock.now(), 0.0
        self._close_breaker(state)
        return answer

    def _asked(self) -> Fetcher:
        if self._fetcher is None:
            self._fetcher = self._ports.fetcher(self._source)
        return self._fetcher

    def _permitted(self, host: str) -> HostState:
        """State of a host with one more request, after the rest that it needs.

        Raises:
            BlockedError: it blocked us, and the cool-down has not passed.
            Enough: it was asked as often as it may be on one day.
        """
        now = self._ports.clock.now()
        state = self._ports.hosts.state(host, now.date())
        if state.open_until is not None and now < state.open_until:
            raise BlockedError(
                f"{host} blocked us ({state.kind}) and is left alone until {state.open_until:%Y-%m-%d %H:%M} UTC",
                kind=state.kind, where=host, retry_after=(state.open_until - now).total_seconds(),
                details=(f"evidence: {state.evidence}",) if state.evidence else (),
            )  # fmt: skip
        most = self._settings.pages_per_day or self._source.about.pages_per_day
        if state.asked >= most:
            raise Enough(f"{host} was asked {state.asked} times today, {most} are allowed", where=host)
        if (seconds := self._until_next(host, state, now)) > 0:
            self._rest(seconds)
        moment = max(self._ports.clock.now(), now)
        return msgspec.structs.replace(state, asked=state.asked + 1, last_asked=moment)

    def _until_next(self, host: str, state: HostState, now: datetime) -> float:
        """Seconds that the host has to be left alone for yet."""
        last = self._ended.get(host) or state.last_asked
        pace = self._pace(host)
        if last is None or not pace:
            return 0.0
        wanted = pace + self._source.about.jitter_seconds * self._draw()
        return wanted - max((now - last).total_seconds(), self._rested)

    def _pace(self, host: str) -> float:
        if self._settings.pace_seconds is not None:
            return self._settings.pace_seconds
        return max(self._source.about.pace_seconds, self._delays.get(host, 0.0))

    def _back_off(self, state: "tenacity.RetryCallState") -> float:
        """Seconds until the next attempt: what the server asks for, else ever more, and never on the same beat."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Unavailable) and error.retry_after:
            return error.retry_after
        seconds = self._settings.backoff_seconds * 2.0 ** (state.attempt_number - 1)
        return min(seconds * (1 + self._draw() / 4), LONGEST_WAIT)

    def _sleep(self, seconds: float) -> None:
        if seconds:
            self._rest(seconds)
        self._rested += seconds

    def _count(self, _: "tenacity.RetryCallState") -> None:
        self.retries += 1

    def _open_breaker(self, state: HostState, page: Page, error: BlockedError) -> None:
        """Leave a host alone for a while, longer each time in a row."""
        now = self._ports.clock.now()
        rest = self._settings.cool_down_seconds * min(2**state.failures, LONGEST_REST)
        until = now + timedelta(seconds=max(rest, error.retry_after))
        evidence = self._keep_evidence(page, error.kind, error)
        self._ports.hosts.note(
            msgspec.structs.replace(
                state, failures=state.failures + 1, open_until=until, kind=error.kind, evidence=evidence
            )
        )
        error.retry_after = (until - now).total_seconds()
        error.details = (*error.details, f"evidence: {evidence}", f"not asked again before {until:%Y-%m-%d %H:%M} UTC")

    def _close_breaker(self, state: HostState) -> None:
        """A host that answers is trusted again."""
        if state.failures:
            self._ports.hosts.note(msgspec.structs.replace(state, failures=0, open_until=None))

    def _heed_robots(self, url: str) -> None:
        """See that an address is open to us.

        Raises:
            PermanentError: robots.txt closes it.
        """
        host = host_of(url)
        if host not in self._robots:
            self._robots[host] = self._rules(url, host)
        rules, agent = self._robots[host], agent_of(self._settings.user_agent)
        if rules is not None and not rules.can_fetch(url, agent):
            raise PermanentError(
                f"robots.txt of {host} closes {urlsplit(url).path} to {agent}",
                where=url, hint="it is not asked for; another source may have the same",
            )  # fmt: skip

    def _rules(self, url: str, host: str) -> "Protego | None":
        from protego import Protego

        text = self._robots_text(url, host)
        if text is None:
            return None
        rules = Protego.parse(text)
        delay = rules.crawl_delay(agent_of(self._settings.user_agent)) or 0.0
        self._delays[host] = min(delay, LONGEST_WAIT)
        return rules

    def _robots_text(self, url: str, host: str) -> str | None:
        """What robots.txt says, not older than a day; None if the host has none."""
        now, parts = self._ports.clock.now(), urlsplit(url)
        page = Page(
            source=self._source.name, endpoint=ROBOTS, name=f"{ROBOTS}/{slug_of(host)}.txt",
            url=f"{parts.scheme}://{parts.netloc}/robots.txt",
        )  # fmt: skip
        kept = self._ports.journal.kept(page.source, page.name)
        if kept is None or kept.due is None or kept.due <= now:
            kept = self._ask_for_robots(page, now)
            self._ports.journal.note(page.source, kept)
        if not kept.payload:
            return None
        return payload_bytes(self._ports.store, payload_ref(page.source, kept.payload)).decode("utf-8", "replace")

    def _ask_for_robots(self, page: Page, now: datetime) -> Kept:
        digest = ""
        try:
            answer = self._patiently(page)
            for _ in range(HOSTS):  # the rules of a host may lie at another one (RFC 9309, 2.3.1.2)
                answer = self._patiently(_sent_on(page, answer)) if answer.sends_to else answer
            digest = write_payload(self._ports.store, page.source, answer.body).sha256
        except (NotFound, PermanentError):
            pass  # a host without rules
        except (BlockedError, Stopped):
            raise
        except Unavailable as error:
            what = f"robots.txt cannot be read, so nothing is asked for: {error.what}"
            what = error.what if isinstance(error, NoConnection) else what
            raise Stopped(what, where=error.where, retry_after=error.retry_after) from error
        return Kept(
            name=page.name, endpoint=ROBOTS, url=page.url, payload=digest, retrieved=now if digest else None,
            state="available" if digest else "not_available", due=now + _ROBOTS_LAST, taken=True,
        )  # fmt: skip

    def _keep_evidence(self, page: Page, kind: str, error: TouchlineError) -> str:
        """Keep what can be shown of the last answer; the prefix under which it is."""
        now, answer = self._ports.clock.now(), self._answer
        prefix = f"evidence/{slug_of(host_of(page.url))}/{now:%Y%m%dt%H%M%S%fz}-{kind}/{slug_of(page.name)}/"
        shown: Mapping[str, bytes] = {}
        with contextlib.suppress(TouchlineError):  # a browser that is gone shows nothing any more
            shown = self._fetcher.evidence() if self._fetcher else {}
        for name, data in _shown(page, answer, error, shown).items():
            self._ports.store.create(f"{prefix}{slug_of(name)}", data)
        return prefix


def host_of(url: str) -> str:
    """Host of an address, with its port where it has one.

    >>> host_of("https://User@WWW.Example.org:8443/a")
    'www.example.org:8443'
    """
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def slug_of(text: str) -> str:
    """Text as a part of a key.

    >>> slug_of("127.0.0.1:8080"), slug_of("E0/2025-26/season.html")
    ('127.0.0.1-8080', 'e0-2025-26-season.html')
    """
    return re.sub(r"[^a-z0-9_.-]+", "-", text.lower()).strip("-.") or "unnamed"


def agent_of(user_agent: str) -> str:
    """The name by which robots.txt knows us.

    >>> agent_of("touchline/0.1 (+https://example.org)")
    'touchline'
    """
    found = re.match(r"[A-Za-z_-]+", user_agent)
    return found[0] if found else "touchline"


def _judge(page: Page, answer: Answer) -> None:
    """As `judge`; what sends us on to another host is no page yet.

    A host that refuses to show a robots.txt, or shows an empty one, has no rules (RFC 9309, 2.3.1.3).
    """
    if answer.sends_to or (page.endpoint == ROBOTS and answer.status == 200 and not answer.body.strip()):
        return
    try:
        judge(page, answer)
    except BlockedError as error:
        if page.endpoint == ROBOTS and error.kind == "forbidden":
            raise NotFound("no rules are shown", where=page.url) from error
        raise


def _sent_on(page: Page, answer: Answer) -> Page:
    """The same page at another host, which is told no secrets."""
    headers = tuple((name, value) for name, value in page.headers if "{" not in value)
    return msgspec.structs.replace(page, url=answer.sends_to, headers=headers)


def _worth_another(error: BaseException) -> bool:
    if isinstance(error, BlockedError | Stopped):
        return False
    return isinstance(error, Unavailable) and error.retry_after <= LONGEST_WAIT


def _long_wait(error: Unavailable) -> Unavailable:
    """The error, and that the server wants to be left alone for long, where it does."""
    if error.retry_after <= LONGEST_WAIT:
        return error
    what = f"{error.what} and asks not to come back within {error.retry_after:,.0f} seconds"
    return Unavailable(what, where=error.where, retry_after=error.retry_after, hint="set the next schedule later")


def _shown(page: Page, answer: Answer | None, error: TouchlineError, shown: Mapping[str, bytes]) -> Mapping[str, bytes]:
    told: dict[str, object] = {"page": page.name, "url": page.url, "error": error.what}
    shown = {name: content for name, content in shown.items() if name != "answer.json"}  # ours keeps no secrets
    if answer is None:
        return {"answer.json": encode(told), **shown}
    headers = {name: value for name, value in answer.headers.items() if name not in _SECRET_HEADERS}
    told |= {"status": answer.status, "headers": headers, "came_from": answer.url.partition("?")[0]}
    return {"answer.json": encode(told), "body": answer.body[:_SHOWN], **shown}
