"""The plainest reading of the replica: rows of a month, arguments of a match page."""

import json
import re
from typing import Any

from asgi_client import Client


def month_rows(client: Client, stage: int, month: str) -> list[dict[str, Any]]:
    """Rows of a month."""
    answer = client.get(f"/tournaments/{stage}/data/", params={"d": month})
    assert answer.headers["content-type"].startswith("application/json")
    return [row for tournament in answer.json()["tournaments"] for row in tournament["matches"]]


def args(client: Client, number: int) -> dict[str, Any]:
    """The arguments of a match page: keys without quotes, values of strict JSON."""
    text = client.get(f"/Matches/{number}/Live").text
    found = re.search(r'require\.config\.params\["args"\] = (\{\n.*?\n\});\n', text, re.DOTALL)
    assert found
    return dict(json.loads(re.sub(r"(?m)^  (\w+): ", r'"\1": ', found[1])))
