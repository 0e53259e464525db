"""What the words of the API mean: one meaning for each, wherever it stands."""

from collections.abc import Mapping
from typing import Final

SCOPES: Final = (
    "A key from `touchline keys create`, with the scopes `read` (what is published), `predict` (what is computed) "
    "and `admin` (what changes something). Where access is open, `read` and `predict` need none."
)
TAGS: Final[Mapping[str, str]] = {
    "forecasts": "What is published of coming matches.",
    "questions": "What is computed when it is asked for; nothing of it is stored.",
    "teams": "Teams and their strength.",
    "models": "What serves, what served, and how good it is.",
    "live": "How matches stand, and what is new.",
    "tasks": "What takes longer: handed in, and asked for later.",
    "operation": "For those who run the service.",
}
PATHS: Final[Mapping[str, str]] = {
    "match_id": "Id of a match, as GET /predict/predictions lists them",
    "team": "Name of a team, or its slug (lower-case letters, digits and hyphens)",
    "version": "Version of a model in the registry, or its id",
    "letter_id": "Id of a letter, as GET /monitoring/deadletters tells it",
    "task_id": "Id of a task, as it was told when the task was handed in",
}
ABOUT: Final[Mapping[str, str]] = {
    "as_of": "Moment to which the clock was set by hand (ISO 8601), empty in live mode",
    "away": "Probability of an away win, 0 to 1",
    "away_team": "Team away, as the data name it",
    "both_score": "Probability that both teams score, 0 to 1",
    "competition": "Code of the competition, E0 for example",
    "competition_name": "Name of the competition",
    "date": "Day (UTC), ISO 8601",
    "degraded": "Why newer objects cannot be read, empty if they can",
    "draw": "Probability of a draw, 0 to 1",
    "expected_goals_away": "Goals expected of the team away, a mean",
    "expected_goals_home": "Goals expected of the team at home, a mean",
    "forecaster": "Who forecast: ours (the model), or what it is measured against",
    "goals": "What the same forecast says of goals, null if the model says nothing of them",
    "high": "Upper end of the 95 % interval",
    "home": "Probability of a home win, 0 to 1",
    "home_team": "Team at home, as the data name it",
    "kickoff": "Kick-off (UTC), ISO 8601; noon where only the day is known",
    "kickoff_known": "Whether the hour of kick-off is known",
    "likeliest_score": "The likeliest score, home-away",
    "limit": "Largest number of entries of a page",
    "log_loss": "Mean log-loss (natural logarithm); less is better",
    "low": "Lower end of the 95 % interval",
    "match_id": "Id of the match",
    "matches": "The matches",
    "mode": "live, or simulated when the clock was set by hand",
    "model": "The model behind the forecasts",
    "model_id": "Id of the model: the hash of what it was made of",
    "model_version": "Version of the model in the registry",
    "n": "Number of matches behind the figure",
    "next": "Address of the next page, empty on the last one",
    "offset": "Number of entries before the page",
    "outdated": "Whether a newer model serves than the one that made these forecasts",
    "over_25": "Probability of three goals or more, 0 to 1",
    "probabilities": "Of the three outcomes after full time",
    "promotion": "Number of the decision that made the model champion",
    "published": "When it was published (UTC)",
    "reason": "Why there is nothing, empty if there is something",
    "results_until": "Moment of the newest result that the answer rests on (UTC)",
    "rps": "Mean ranked probability score, 0 to 1; less is better",
    "scores": "Scores of the model and of what it is measured against, on the same held-out matches",
    "season": "Season, 2025-26 for example",
    "seq": "Number of the newest change of the data behind the answer",
    "simulated": "Whether the matches, or those that the model learnt from, are invented",
    "total": "Number of entries on all pages together",
    "trained_until": "Newest kick-off that the model learnt from (UTC)",
    "uses": "What the model may know: results, statistics, past_prices (prices of earlier matches), prices",
    "version": "Version of the model in the registry",
}
