"""Who may ask a service that is started on this machine: everybody here, until the first key is made."""

from collections.abc import Mapping

import typer

from touchline import settings
from touchline.domain.keys import KEYS_POINTER
from touchline.errors import TouchlineError

ACCESS = settings.variable("access", "predict")


def with_access(environ: Mapping[str, str], address: str = "<address>") -> Mapping[str, str]:
    """The environment with a choice of access, which is said on standard error; a choice that was made stays.

    Only for services that listen on the loopback address: others need keys unless somebody says otherwise.

    Args:
        environ: of the service.
        address: at which it will answer, where that is known.
    """
    from touchline import bootstrap

    if environ.get(ACCESS):
        chosen, why = environ, f"{ACCESS} is {environ[ACCESS]}"
    else:
        try:
            made = bootstrap.ports(environ).store.stat(KEYS_POINTER) is not None
        except TouchlineError:  # whoever cannot see whether there are keys does not open the door
            made = True
        chosen = {**environ, ACCESS: "keys" if made else "open"}
        why = "" if made else "no key was made yet"
    if chosen[ACCESS] == "open":
        typer.secho(f"open to everybody on this machine ({why}); `touchline keys create` makes a key", err=True)
    else:
        typer.secho(f"questions need a key: curl -H 'X-API-Key: tl_...' {address}/predict/predictions", err=True)
    return chosen
