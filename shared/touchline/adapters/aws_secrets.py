"""Secrets in the parameter store of AWS, read when a function starts: Lambda knows no variable that refers to one."""

from typing import Final

from touchline.adapters import aws_calls
from touchline.errors import ConfigurationError

_AT_ONCE: Final = 10


def read(named: str) -> dict[str, str]:
    """Values by the names of variables.

    Args:
        named: `<variable>=<parameter>,...`.

    Raises:
        ConfigurationError: one is missing, or we may not read it.
        Unavailable: AWS does not answer.
    """
    wanted = dict(part.split("=", 1) for part in named.split(",") if "=" in part)
    names, values = sorted(set(wanted.values())), dict[str, str]()
    client = aws_calls.client("ssm")
    for start in range(0, len(names), _AT_ONCE):
        with aws_calls.translated("TOUCHLINE_SECRETS"):
            answer = client.get_parameters(Names=names[start : start + _AT_ONCE], WithDecryption=True)
        if answer["InvalidParameters"]:
            missing = ", ".join(answer["InvalidParameters"])
            raise ConfigurationError(
                f"no such parameters: {missing}", where="TOUCHLINE_SECRETS", hint="apply terraform/aws"
            )
        values |= {one["Name"]: one["Value"] for one in answer["Parameters"]}
    return {variable: values[name] for variable, name in wanted.items()}
