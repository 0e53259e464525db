"""How much is known of the teams of a fixture, and so how far its forecast can be relied upon."""

from typing import Any, Final

import numpy as np
import pandas as pd

from touchline.domain.competitions import competition
from touchline.learning.timeline import moments

FEW: Final = 20
"""Known matches under which a team's ratings still rest much on the league's mean."""
HALF_LIFE: Final = 365.0
"""Days after which a match says half as much of a team."""
SIDES: Final = ("home", "away")


def certainty(history: pd.DataFrame, fixtures: pd.DataFrame) -> pd.DataFrame:
    """What the history knows of each fixture's teams, in the order of the fixtures.

    Args:
        history: tidy table of finished matches.
        fixtures: tidy table.

    Returns:
        `home_matches`, `away_matches`: matches known; `effective_matches`: those of the lesser known team, each
        counting half for every year of age; `certainty`: new_competition (no match known), new_team, few, or usual.
    """
    now = moments(fixtures["kickoff"]).min()
    weight = 0.5 ** ((now - moments(history["kickoff"])) / np.timedelta64(1, "D") / HALF_LIFE)
    played = np.concatenate([_teams(history, side) for side in SIDES])
    known = pd.DataFrame({"count": 1.0, "weight": np.tile(weight, 2)}).groupby(played).sum()
    home, away = (known.reindex(_teams(fixtures, side)).fillna(0.0).reset_index(drop=True) for side in SIDES)
    fewest = np.minimum(home["count"], away["count"])
    cold = ~fixtures["competition"].isin(history["competition"].unique()).to_numpy()
    words = np.select([cold, fewest == 0, fewest < FEW], ["new_competition", "new_team", "few"], "usual")
    return pd.DataFrame(
        {
            "home_matches": home["count"].astype(np.int64),
            "away_matches": away["count"].astype(np.int64),
            "effective_matches": np.minimum(home["weight"], away["weight"]),
            "certainty": words,
        }
    )


def _teams(table: pd.DataFrame, side: str) -> Any:
    """Teams of one side with their country: two countries may have teams of one name."""
    countries = {code: competition(code).country for code in table["competition"].unique()}
    return (table["competition"].map(countries) + "/" + table[f"{side}_team"]).to_numpy(object)
