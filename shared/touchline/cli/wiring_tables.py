"""Tables of `touchline wiring`: what each function may do, and what each platform can run."""

import msgspec

from touchline.cli.terminal import emit, showing
from touchline.deploy import limits as bounds
from touchline.deploy import rights as allowed
from touchline.wiring import Wiring

REACHES = ("registry", "cache", "browser", "events", "network")


def rights(wiring: Wiring, as_json: bool) -> None:
    """What each function, and what runs beside them, may do."""
    found = {name: allowed.rights(wiring, name) for name in wiring.parts}
    if as_json:
        emit(found)
        return
    for name, may in found.items():
        lines = {
            "reads": may.object_reads,
            "writes": may.object_writes,
            "tables": (*(["reads all"] if may.database else []), *(["writes", *may.tables] if may.tables else [])),
            "secrets": may.secrets,
            "reaches": tuple(one for one in REACHES if getattr(may, one)),
        }
        _block(name, {what: " ".join(items) for what, items in lines.items() if items})


def limits(wiring: Wiring, as_json: bool) -> None:
    """What each platform can run at most, and how near the function that needs most comes to it."""
    rows = [_row(wiring, limit) for limit in bounds.LIMITS if limit.high]
    if as_json:
        emit(rows)
        return
    for platform in bounds.PLATFORMS:
        mine = [row for row in rows if row["platform"] == platform]
        _block(platform, {f"{row['field']} of {row['kind']}": _told(row) for row in mine})


def _row(wiring: Wiring, limit: bounds.Limit) -> dict[str, object]:
    most = bounds.most(wiring, limit)
    return msgspec.structs.asdict(limit) | {"most": most[0], "function": most[1]}


def _told(row: dict[str, object]) -> str:
    used = f"; most is {row['most']}, {row['function']}" if row["function"] else ""
    return f"{row['low']} to {row['high']}{used} ({row['why']})"


def _block(title: str, lines: dict[str, str]) -> None:
    """A title, and below it words with what they stand for, folded to the width of the terminal."""
    from rich.padding import Padding
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    for what, text in lines.items():
        table.add_row(what, text)
    console = showing()
    console.print(title, style="bold", markup=False)
    console.print(Padding(table, (0, 0, 0, 2)), markup=False)
