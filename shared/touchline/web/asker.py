"""Who asks, as the routes over the framework know it."""

from starlette.requests import Request

from touchline.web import callers
from touchline.web.site import Site
from touchline.web.tasks import owner_of


def asker(request: Request, site: Site) -> str:
    """Id of the key that asks, or the address without one: by that clients are divided between two models."""
    peer = request.client.host if request.client else ""
    return owner_of(request) or callers.client(peer, request.headers.raw, site.settings.proxies)
