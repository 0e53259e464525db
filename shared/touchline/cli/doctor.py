"""The command `doctor`: what is configured, what answers, what is missing; each part is really used once."""

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import typer

from touchline import settings, telemetry
from touchline.cli.terminal import AsJson, emit, scene, showing
from touchline.errors import NotFound, TouchlineError
from touchline.manifest import bundle_of, current, encode

if TYPE_CHECKING:
    from touchline.bootstrap import Container

PROBE: Final = "runs/doctor/probe.json"
PACKAGES: Final = (
    "numpy", "pandas", "pyarrow", "sqlalchemy", "alembic", "httpx", "pandera", "sklearn", "xgboost", "optuna", "mlflow",
    "onnxruntime", "evidently", "fastapi", "uvicorn", "functions_framework",
)  # fmt: skip


class Finding(msgspec.Struct, frozen=True):
    """One part: `ok`, `missing` (nothing there yet, or not asked for) or `failed`."""

    part: str
    state: Literal["ok", "missing", "failed"]
    what: str


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(doctor)


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Try every part once and say what is configured, reachable and missing; exit code 3 if a part fails.

    Example: touchline doctor --json
    """
    findings = list(examine(scene(context).environ))
    if as_json:
        emit(findings)
    else:
        _print(findings)
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(3)


def examine(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Findings, part by part; one that fails stops none of the others."""
    from touchline import bootstrap

    yield _tried("python", _packages)
    yield _tried("wiring", partial(_wiring, environ))
    yield _tried("settings", partial(_settings, environ))
    try:
        ports = bootstrap.ports(environ)
    except TouchlineError as error:
        yield Finding("ports", "failed", str(error))
        return
    for part, attempt in PARTS.items():
        yield _tried(part, partial(attempt, ports))


def _tried(part: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(part, "ok", attempt())
    except NotFound as error:
        return Finding(part, "missing", telemetry.redact(str(error)))
    except Exception as error:  # the doctor reports whatever is wrong, and goes on
        kind = "" if isinstance(error, TouchlineError) else f"{type(error).__name__}: "
        return Finding(part, "failed", telemetry.redact(f"{kind}{error}"))


def _packages() -> str:
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        raise NotFound(f"not installed: {', '.join(absent)}", hint="pip install 'touchline[all]'")
    return f"Python {sys.version.split()[0]}, all {len(PACKAGES)} packages"


def _wiring(environ: Mapping[str, str]) -> str:
    from touchline import wiring, wiring_rules

    folder = wiring.root(environ)
    found = wiring.load(folder)
    wiring_rules.check(found, folder)
    return f"{len(found.functions)} functions in {folder}"


def _settings(environ: Mapping[str, str]) -> str:
    """Names of the variables that are set, never their values."""
    known = {settings.variable(field.name) for field in msgspec.structs.fields(settings.Common)}
    for function, kind in settings.BY_FUNCTION.items():
        settings.load(kind, environ, function)
        known |= {settings.variable(field.name, function) for field in msgspec.structs.fields(kind)}
    strange = sorted(n for n in environ if n.startswith("TOUCHLINE_") and n not in known | {"TOUCHLINE_FUNCTIONS"})
    if strange:
        raise NotFound(f"no setting of this name: {', '.join(strange)}", hint=f"known: {', '.join(sorted(known))}")
    return ", ".join(sorted(known & set(environ))) or "all by default"


def _clock(ports: "Container") -> str:
    return f"{ports.clock.now():%Y-%m-%d %H:%M} UTC, {ports.clock.mode}"


def _store(ports: "Container") -> str:
    probe = encode({"at": ports.clock.now()})
    info = ports.store.stat(PROBE)
    if not (ports.store.create(PROBE, probe) if info is None else ports.store.swap(PROBE, probe, info.etag)):
        raise NotFound("somebody else is trying at this moment", where=PROBE)
    if ports.store.get(PROBE) != probe:
        raise TouchlineError("reads back something else than was written", where=PROBE)
    return f"wrote and read back an object; {ports.common.store or ports.home / 'objects'}"


def _database(ports: "Container") -> str:
    ports.matches.migrate()
    head = ports.matches.head()
    countries = ", ".join(sorted(ports.matches.teams())) or "no team yet"
    return f"{telemetry.redact(ports.engine.url.render_as_string())}; newest change {head}; {countries}"


def _registry(ports: "Container") -> str:
    versions, aliases = ports.registry.versions(), ports.registry.aliases()
    named = ", ".join(f"{alias} = version {version}" for alias, version in sorted(aliases.items()))
    return f"{len(versions)} models; {named or 'no alias yet'}"


def _sources(ports: "Container") -> str:
    wanted = settings.load(settings.Scrape, ports.environ, "scrape")
    if not wanted.sources:
        raise NotFound("no source is scheduled", hint="set TOUCHLINE_SCRAPE_SOURCES, or ingest files")
    known, told = ports.sources, []
    for name in wanted.sources:
        if name not in known:
            raise NotFound(f"no source {name!r}", hint=f"known: {', '.join(sorted(known))}")
        payload = next(iter(known[name].fetch(wanted.competitions[:1], wanted.seasons[-1:], ports.clock.now())))
        told.append(f"{name}: fetched {payload.name}, {len(payload.body)} bytes")
    return "; ".join(told)


def _model(ports: "Container") -> str:
    """The champion, its bundle loaded and its files checked."""
    publication, manifest = current(ports.store, "serving")
    model = ports.model(*bundle_of(manifest))
    return f"{model.model_id} serves since decision {publication.promotion or publication.seq}"


PARTS: Final[dict[str, "Callable[[Container], str]"]] = {
    "clock": _clock, "store": _store, "database": _database, "registry": _registry, "sources": _sources,
    "model": _model,
}  # fmt: skip


def _print(findings: list[Finding]) -> None:
    from rich.markup import escape

    styles = {"ok": "green", "missing": "yellow", "failed": "red"}
    console = showing()
    for finding in findings:
        style = styles[finding.state]
        console.print(f"{finding.part:<9} [{style}]{finding.state:<8}[/]{escape(finding.what)}", soft_wrap=True)
