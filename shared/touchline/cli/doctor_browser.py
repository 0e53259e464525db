"""How the doctor tries the browser: it starts, reads a page of its own, and says who it is."""

from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from touchline import settings
from touchline.errors import NotFound

if TYPE_CHECKING:
    from touchline.bootstrap import Container

ADVICE: Final = (
    "install Chromium and chromedriver of the same version (Debian: chromium, chromium-driver), or name a grid in "
    "TOUCHLINE_BROWSER_URL and see that it runs"
)
GRID_SECONDS: Final = 5.0


def browser(ports: "Container") -> str:
    """Browser, driver and grid with their versions, and what they can do; only where a source wants them.

    Raises:
        NotFound: no source that is in use is read by a browser.
        ConfigurationError, Unavailable: it does not start, or reads nothing.
    """
    wanted = settings.load(settings.Scrape, ports.environ, "scrape")
    if not _wanted(ports, wanted):
        raise NotFound("not needed: no source in use is read by a browser")
    from touchline.adapters.browser import Browser

    url = ports.common.browser_url
    with closing(Browser(wanted.user_agent, url, ports.common.browser_options)) as tried:
        found = tried.check()
    return f"{found}; {_grid(url)}" if url else f"{found}; on this machine"


def _wanted(ports: "Container", wanted: settings.Scrape) -> bool:
    used = {*wanted.sources, wanted.live_source}
    return wanted.whoscored_terms == "acknowledged" or any(
        source.about.transport == "browser" for name, source in ports.sources.items() if name in used
    )


def _grid(url: str) -> str:
    """What a grid says of itself, as far as it says anything that we understand."""
    import httpx

    from touchline.adapters.http_emitter import DIRECT

    with suppress(httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError):
        with httpx.Client(timeout=GRID_SECONDS, mounts=DIRECT) as client:
            value = client.get(f"{url.rstrip('/')}/status").json()["value"]
        versions = {node.get("version") for node in value.get("nodes", ())} | {value.get("build", {}).get("version")}
        return f"grid {' '.join(sorted(filter(None, versions)))}, {value.get('message') or 'ready'}"
    return "a grid that does not tell its version"
