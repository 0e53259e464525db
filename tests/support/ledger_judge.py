"""A judge of a simulated season who knows nothing of Touchline: plain Python, the exported ledger, the match files.

`python tests/support/ledger_judge.py HOME MATCHES.parquet` recomputes the record: hashes and roots of all batches, that
each forecast was sealed before its kick-off as the match file has it, which forecast of each match and model counts
(the last one at least an hour before), that it was settled exactly once, and every score of it.
"""

import csv
import hashlib
import json
import math
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

TOLERANCE = 1e-12
BOOKMAKERS = ("ps", "avg", "b365", "bw", "wh", "iw", "gb")
"""Whose prices count: the first one that named all three before the match."""
NUMBERS = ("log_loss", "rps", "brier", "correct", "expected", "stake", "returned", "closing_value")
Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Match:
    """A match as its file has it; moments in UTC."""

    match_id: str
    kickoff: datetime
    known: datetime
    """When its result was known."""
    goals: tuple[int, int] | None
    void: str = ""
    """Why it never has a result."""
    before: Triple | None = None
    closing: Triple | None = None


@dataclass
class Judgement:
    """What was found; a record is right where there is no fault."""

    batches: int = 0
    forecasts: int = 0
    settled: int = 0
    matches: int = 0
    least_margin_minutes: float = math.inf
    largest_difference: float = 0.0
    log_loss: dict[str, float] = field(default_factory=dict)
    """Mean by model version."""
    faults: list[str] = field(default_factory=list)


def judge(objects: Path, matches: dict[str, Match], until: datetime) -> Judgement:
    """Judge the ledger below a folder of objects, as it should stand where results were told up to a moment."""
    found = Judgement()
    rows = list(sealed_rows(objects / "ledger" / "forecasts", found))
    found.forecasts = len(rows)
    for row in rows:
        judge_sealing(row, matches, found)
    settled: list[dict[str, Any]] = []
    for month in sorted((objects / "ledger" / "settlements").glob("*")):
        exports = [json.loads(path.read_bytes()) for path in exported(month)]
        settled += exports[-1]
        if changed := changed_later(exports):
            found.faults.append(f"{len(changed)} settlements of {month.name} changed later, such as {changed[0]}")
    judge_settled(dict(of_record(rows)), settled, matches, until, found)
    return found


def exported(folder: Path) -> list[Path]:
    """Exports of what was sealed in a month, oldest first; of one number by their times."""
    return sorted(folder.glob("*.json"), key=lambda path: (path.name[:12], path.stat().st_mtime_ns))


def sealed_rows(folder: Path, found: Judgement) -> Iterator[dict[str, Any]]:
    """Forecasts of all batches in their order; the chain is recomputed on the way."""
    previous = "0" * 64
    for number, path in enumerate(sorted(folder.glob("*.json")), 1):
        text = path.read_text("utf-8")
        batch, header, rows = json.loads(text), between(text, '"header":')[0], between(text, '"forecasts":')
        told = batch["header"]
        root = tree([hashlib.sha256(b"\x00" + row.encode()).digest() for row in rows]).hex()
        right = (number, previous, root, len(rows))
        if (told["number"], told["previous"], told["root"], told["count"]) != right or int(path.stem) != number:
            found.faults.append(f"{path.name}: number, previous hash, root or count is not {right}")
        if hashlib.sha256(header.encode()).hexdigest() != batch["hash"]:
            found.faults.append(f"{path.name}: the hash is not that of its header")
        previous, found.batches = batch["hash"], number
        yield from (json.loads(row) | {"made_at": told["made_at"]} for row in rows)


def between(text: str, name: str) -> list[str]:
    """JSON texts that stand behind a name, as they are written: those of an array, or one of an object."""
    place = text.index(name) + len(name)
    if text[place] == "{":
        return [text[place : json.JSONDecoder().raw_decode(text, place)[1]]]
    found, place = [], place + 1
    while text[place] != "]":
        end = json.JSONDecoder().raw_decode(text, place)[1]
        found.append(text[place:end])
        place = end + (text[end] == ",")
    return found


def tree(leaves: list[bytes]) -> bytes:
    """Merkle root as RFC 6962 defines it, by halves."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\x01" + tree(leaves[:half]) + tree(leaves[half:])).digest()


def judge_sealing(row: dict[str, Any], matches: dict[str, Match], found: Judgement) -> None:
    """One forecast: sealed and exported before kick-off, of a match that there was, with probabilities."""
    sealed, kickoff, match = moment(row["sealed_at"]), moment(row["kickoff"]), matches.get(row["match_id"])
    where = f"{row['match_id']} {row['model_version']}"
    if match is None or match.kickoff != kickoff:
        found.faults.append(f"{where}: kick-off {kickoff} is not that of the file, {match and match.kickoff}")
    if not sealed <= moment(row["made_at"]) < kickoff:
        found.faults.append(f"{where}: sealed at {sealed}, exported at {row['made_at']}, kick-off at {kickoff}")
    found.least_margin_minutes = min(found.least_margin_minutes, (kickoff - sealed) / timedelta(minutes=1))
    p = probabilities(row)
    if min(p) < 0 or abs(sum(p) - 1) > 1e-6:
        found.faults.append(f"{where}: {p} are no probabilities")


def of_record(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """The forecast that counts, by match and model: the last one at least an hour before kick-off."""
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if moment(row["sealed_at"]) > moment(row["kickoff"]) - timedelta(hours=1):
            continue
        key = row["match_id"], row["model_version"]
        if key not in best or moment(row["sealed_at"]) >= moment(best[key]["sealed_at"]):
            best[key] = row
    yield from best.items()


def changed_later(exports: list[list[dict[str, Any]]]) -> list[tuple[str, str]]:
    """Match and model of settlements that say another thing in a later export, or have vanished from it."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    changed = []
    for export in exports:
        now = {(row["match_id"], row["model_version"]): row for row in export}
        changed += [key for key, row in first.items() if now.get(key) != row]
        first = now
    return changed


def judge_settled(
    right: dict[tuple[str, str], dict[str, Any]],
    settled: list[dict[str, Any]],
    matches: dict[str, Match],
    until: datetime,
    found: Judgement,
) -> None:
    """Each forecast of record whose match is over is settled exactly once, with the right scores; and no other."""
    over = {key for key in right if key[0] in matches and over_by(matches[key[0]], until)}
    counted = Counter((row["match_id"], row["model_version"]) for row in settled)
    found.faults += [
        f"{key}: settled {counted[key]} times" for key in over | set(counted) if counted[key] != (key in over)
    ]
    losses: dict[str, list[float]] = {}
    for row in settled:
        key = row["match_id"], row["model_version"]
        if key in over:
            told = scores(right[key], matches[row["match_id"]])
            if not told["void_reason"]:
                losses.setdefault(row["model_version"], []).append(told["log_loss"])
            compare(row, told | {"sealed_at": right[key]["sealed_at"]}, found)
    found.settled, found.matches = len(settled), len({row["match_id"] for row in settled})
    found.log_loss = {model: math.fsum(each) / len(each) for model, each in losses.items()}


def over_by(match: Match, until: datetime) -> bool:
    """Whether it was known by then how the match ended, or that it never will."""
    return match.known <= until and (match.goals is not None or bool(match.void))


def compare(row: dict[str, Any], told: dict[str, Any], found: Judgement) -> None:
    """What stands in a settlement, and what should."""
    for name, value in told.items():
        if isinstance(value, float) and isinstance(row[name], int | float):
            found.largest_difference = max(found.largest_difference, abs(row[name] - value))
            same = abs(row[name] - value) <= TOLERANCE
        else:
            same = row[name] == value
        if not same:
            found.faults.append(f"{row['match_id']} {row['model_version']}: {name} is {row[name]}, not {value}")


def scores(row: dict[str, Any], match: Match) -> dict[str, Any]:
    """Outcome and scores of a forecast, and what a unit staked on its best price would have brought."""
    if match.void:
        return {"outcome": "", "void_reason": match.void} | dict.fromkeys(NUMBERS)
    home, away = match.goals or (0, 0)
    outcome = 0 if home > away else 1 if home == away else 2
    p = probabilities(row)
    steps = (p[0] - (outcome == 0), p[0] + p[1] - (outcome <= 1))
    return {
        "outcome": ("home", "draw", "away")[outcome],
        "log_loss": -math.log(max(p[outcome], 1e-15)),
        "rps": sum(step**2 for step in steps) / 2,
        "brier": sum((each - (place == outcome)) ** 2 for place, each in enumerate(p)),
        "correct": p.index(max(p)) == outcome,
        "expected": -math.fsum(each * math.log(each) for each in p if each > 0),
        "void_reason": "",
        **stake(p, match, outcome),
    }


def stake(p: Triple, match: Match, outcome: int) -> dict[str, float | None]:
    """A unit on the highest expected value, if that is above 0; and how the price taken stands to the closing one."""
    if match.before is None:
        return {"stake": None, "returned": None, "closing_value": None}
    values = [chance * price - 1 for chance, price in zip(p, match.before, strict=True)]
    best = values.index(max(values))
    if values[best] <= 0:
        return {"stake": 0.0, "returned": 0.0, "closing_value": None}
    closing = math.log(match.before[best] / match.closing[best]) if match.closing else None
    return {"stake": 1.0, "returned": match.before[best] if best == outcome else 0.0, "closing_value": closing}


def probabilities(row: dict[str, Any]) -> Triple:
    """Of home, draw and away."""
    return row["home"], row["draw"], row["away"]


def moment(text: str) -> datetime:
    """A moment as JSON has it."""
    return datetime.fromisoformat(text)


def read(path: Path) -> dict[str, Match]:
    """Matches of a file by the identity that the ledger gives them."""
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        return {one.match_id: one for one in map(of_row, pq.read_table(path).to_pylist())}
    with path.open(newline="", encoding="utf-8") as lines:
        return {one.match_id: one for one in map(of_row, csv.DictReader(lines))}


def of_row(row: dict[str, Any]) -> Match:
    """A match of a row whose columns are `league, date, time, home, ...` or `competition, kickoff, ...`."""
    teams = row.get("home") or row["home_team"], row.get("away") or row["away_team"]
    words = row.get("league") or row["competition"], row["season"], *teams
    if row.get("kickoff"):
        kickoff = moment(row["kickoff"])
        known = kickoff + timedelta(hours=5)
    elif row.get("time"):
        local = datetime.fromisoformat(f"{row['date']}T{row['time']}").replace(tzinfo=ZoneInfo("Europe/London"))
        kickoff = local.astimezone(UTC)
        known = kickoff + timedelta(hours=5)
    else:
        kickoff = datetime.fromisoformat(row["date"]).replace(tzinfo=UTC)
        known = kickoff + timedelta(hours=29)
    goals = row.get("home_goals"), row.get("away_goals")
    played = None if goals[0] in (None, "") or goals[1] in (None, "") else (int(float(goals[0])), int(float(goals[1])))
    status = row.get("status") or "finished"
    void = f"the match was {status}" if status in ("cancelled", "abandoned", "awarded") else ""
    return Match("-".join(map(slug, words)), kickoff, known, None if void else played, void, *prices(row))


def prices(row: dict[str, Any]) -> tuple[Triple | None, Triple | None]:
    """Prices before the match and closing ones of the bookmaker that counts."""
    for name in BOOKMAKERS:
        if before := triple(row, name, ""):
            return before, triple(row, name, "c")
    return None, None


def triple(row: dict[str, Any], name: str, closing: str) -> Triple | None:
    """Three prices, None unless all are there."""
    long = f"closing_{name}" if closing else f"odds_{name}"
    values = [row.get(f"{name}{closing}_{side[0]}") or row.get(f"{long}_{side}") for side in ("home", "draw", "away")]
    told = [float(value) for value in values if value]
    return (told[0], told[1], told[2]) if len(told) == 3 and min(told) > 1 else None


def slug(name: str) -> str:
    """A name as identities have it; only plain letters are needed here."""
    plain = name.lower().replace("'", "").replace(".", " ")
    return "-".join("".join(letter if letter.isalnum() else " " for letter in plain).split())


def main() -> None:
    """Judge a home by a match file, and say what was found."""
    home, file = map(Path, sys.argv[1:3])
    found = judge(home / "objects", read(file), datetime.now(UTC))
    sys.stdout.write(json.dumps(vars(found), indent=1) + "\n")
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main()
