"""The page of drift: whether newer matches look like those that the model learnt from, and whether forecasts kept."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from touchline.domain.drift_findings import FeatureDrift, Findings, Record
from touchline.domain.feature_groups import group
from touchline.manifest import decode
from touchline.ports import ObjectStore
from touchline.web.look import Look
from touchline.web.plots import bars

POINTER: Final = "reports/drift/latest.json"


class Latest(Findings, frozen=True, kw_only=True):
    """What the pointer holds: the findings, with the number of the features that they are about."""

    seq: int


@dataclass(frozen=True)
class DriftView:
    """What the page shows."""

    facts: tuple[tuple[str, str], ...]
    share: str
    drifted: int
    svg: Markup
    groups: tuple[tuple[str, str, str], ...]
    """Kind of knowledge, number of features, their names."""
    record: tuple[tuple[str, str], ...]
    """Of the settled forecasts; empty while none is."""
    void: int
    retrain: str
    moved: tuple[tuple[str, ...], ...]
    """Features that moved most: name, shift in standard deviations, distance, corrected p-value, whether it counts."""
    said: tuple[tuple[str, ...], ...]
    """The same of what the model says; empty where it could not be asked."""


def drift_view(look: Look, store: ObjectStore) -> DriftView | None:
    """The newest findings, None until there are some.

    Raises:
        DataError: they cannot be read.
    """
    if store.stat(POINTER) is None:
        return None
    found = decode(store.get(POINTER), Latest, POINTER)
    t, counts = look.words, Counter(map(group, found.drifted))
    named = [(t.or_else(f"group.{name}", name), n) for name, n in counts.most_common()]
    members = {name: ", ".join(one for one in found.drifted if group(one) == name) for name in counts}
    about = t("drift.about", n=len(found.drifted), share=t.percent(found.share))
    return DriftView(
        facts=tuple(_facts(look, found)),
        share=t.percent(found.share),
        drifted=len(found.drifted),
        svg=bars("drift", t("drift.groups"), about, [(name, (n,)) for name, n in named], ("home",), _whole)
        if named
        else Markup(),
        groups=tuple((t.or_else(f"group.{name}", name), t.count(n), members[name]) for name, n in counts.most_common()),
        record=tuple(_record(look, found.record)),
        void=found.record.void,
        retrain=found.retrain,
        moved=tuple(_moved(look, one, one.name) for one in found.moved),
        said=tuple(_moved(look, one, t.or_else(f"drift.{one.name}", one.name)) for one in found.predictions),
    )


def _moved(look: Look, one: FeatureDrift, name: str) -> tuple[str, ...]:
    t = look.words
    chance = f"< {t.number(0.001, 3)}" if one.corrected < 0.001 else t.number(one.corrected, 3)
    counts = t("drift.yes") if one.drifted else t("drift.no")
    return (name, t.number(one.effect), t.number(one.ks), t.number(one.psi), chance, counts)


def _whole(value: float) -> str:
    return f"{value:.0f}"


def _facts(look: Look, found: Latest) -> list[tuple[str, str]]:
    t = look.words
    return [
        (t("drift.reference"), found.reference),
        (t("drift.matches"), t("drift.compared", **{name: t.count(n) for name, n in found.matches.items()})),
        (t("drift.until"), look.moment(found.until)),
        (t("lineage.data"), str(found.seq)),
        (t("drift.report"), found.page),
    ]


def _record(look: Look, record: Record) -> list[tuple[str, str]]:
    t = look.words
    told = [
        (t("drift.log_loss"), record.log_loss),
        (t("drift.promised"), record.expected_log_loss),
        ("RPS", record.rps),
        ("Brier", record.brier),
    ]
    numbers = [(name, t.number(value, 4)) for name, value in told if value is not None]
    return [(t("drift.settled"), t.count(record.settled)), *numbers] if record.settled else []
