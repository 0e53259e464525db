"""The online service as a FastAPI application: what the bare core does not answer, described with the rest."""

from typing import Final

from fastapi import FastAPI
from starlette.routing import Route

from touchline.web import problems
from touchline.web.describe import told
from touchline.web.manners import Manners
from touchline.web.monitoring import add_monitoring
from touchline.web.monitoring_quality import add_quality
from touchline.web.pages import add_pages
from touchline.web.routes_core import add_core
from touchline.web.routes_forecasts import add_files, add_fixtures, add_forecasts
from touchline.web.routes_matches import add_matches
from touchline.web.routes_models import add_models
from touchline.web.routes_returns import add_returns
from touchline.web.routes_teams import add_teams
from touchline.web.routes_whatif import add_whatif
from touchline.web.site import Site
from touchline.web.task_files import add_task_files
from touchline.web.tasks import add_tasks

PARTS: Final = (
    add_forecasts,
    add_files,
    add_fixtures,
    add_whatif,
    add_matches,
    add_teams,
    add_models,
    add_returns,
    add_tasks,
    add_task_files,
    add_monitoring,
    add_quality,
    add_pages,
    add_core,
)


def application(site: Site) -> FastAPI:
    """All routes over the parts of the service."""
    app = FastAPI(
        title="Touchline",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        description="Probabilities of home win, draw and away win. Information, not betting advice.",
    )
    problems.install(app)
    for add in PARTS:
        add(app, site)
    app.add_middleware(Manners, routes=_methods(app))
    return app


def _methods(app: FastAPI) -> list[tuple[str, frozenset[str]]]:
    """Paths and their methods, also of operations that are answered elsewhere."""
    own = [(route.path, frozenset(route.methods or ())) for route in app.routes if isinstance(route, Route)]
    return own + [(operation.path, frozenset({operation.method})) for operation in told(app)]
