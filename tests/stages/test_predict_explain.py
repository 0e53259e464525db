"""Why a forecast is what it is: parts that add up, told the same each time, in words that fit them."""

import numpy as np
import pytest

import boards
from touchline.domain.feature_groups import GROUPS
from touchline.domain.features import FEATURE_NAMES
from touchline.errors import Unavailable
from touchline.stages.predict_board import Board, read_board
from touchline.stages.predict_explain import Contribution, explain, sentence
from touchline.stages.predict_match import answer


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return read_board(boards.home(tmp_path_factory.mktemp("explained"), players=False))


def three(each: Contribution) -> list[float]:
    return [each.home, each.draw, each.away]


def test_groups_sum_to_the_forecast_minus_the_base(board: Board) -> None:
    for match in board.published.forecasts.matches[:5]:
        told, said = explain(board, match.match_id), answer(board, match.match_id).probabilities
        moved = np.sum([three(each) for each in told.groups], axis=0)
        np.testing.assert_allclose(np.array(told.base) + moved, told.forecast, atol=1e-12)
        np.testing.assert_allclose(told.forecast, [said.home, said.draw, said.away], atol=1e-6)
        np.testing.assert_allclose(np.sum([three(each) for each in told.groups]), 0, atol=1e-12)
        assert {each.name for each in told.groups} == set(GROUPS)
        strength = [max(map(abs, three(each))) for each in told.groups]
        assert strength == sorted(strength, reverse=True)
        assert 0 < told.standard_error < 0.05


def test_features_sum_to_their_group(board: Board) -> None:
    match = board.published.forecasts.matches[0]
    told = explain(board, match.match_id)
    values = board.published.features().of([match.match_id], FEATURE_NAMES)[0]
    assert {each.group for each in told.features} == {each.name for each in told.groups[:3]}
    for group in told.groups[:3]:
        own = [each for each in told.features if each.group == group.name]
        np.testing.assert_allclose(np.sum([three(each) for each in own], axis=0), three(group), atol=1e-12)
        for each in own:
            known = values[FEATURE_NAMES.index(each.name)]
            assert each.value == (None if np.isnan(known) else known)


def test_the_base_is_that_of_the_coming_matches_and_the_same_for_all(board: Board) -> None:
    matches = board.published.forecasts.matches
    told = [explain(board, match.match_id) for match in matches[:2]]
    picked = [matches[place] for place in np.linspace(0, len(matches) - 1, 9).astype(int)]
    mean = np.mean([[match.home, match.draw, match.away] for match in picked], axis=0)
    for each in told:
        np.testing.assert_allclose(each.base, mean, atol=1e-6)
        assert each.background == "mean forecast of 9 coming matches"


def test_the_same_question_has_the_same_answer(board: Board) -> None:
    match_id = board.published.forecasts.matches[0].match_id
    assert explain(board, match_id) == explain(board, match_id)


def test_without_features_there_is_no_reason(tmp_path) -> None:
    board = read_board(boards.home(tmp_path, players=False))
    del board.published.outputs["features"]
    with pytest.raises(Unavailable, match="no features were published"):
        explain(board, board.published.forecasts.matches[0].match_id)


@pytest.mark.parametrize(
    ("forecast", "parts", "words"),
    [
        (
            (0.5, 0.3, 0.2),
            {"ratings": 0.08, "rest": 0.02, "table": 0.01, "league": -0.03},
            "Ash are favoured (50%) mainly by ratings (+8.0 points) and rest between matches (+2.0 points); "
            "against them: what is usual in the competition (-3.0 points).",
        ),
        ((0.2, 0.3, 0.5), {"ratings": -0.08}, "Elm are favoured (50%) mainly by ratings (+8.0 points)."),
        ((0.4, 0.3, 0.3), {"ratings": 0.001}, "Ash are favoured (40%), by no more than is usual."),
        ((0.3, 0.4, 0.3), {"rest": 0.02}, "A draw is likelier than either win (40%), by no more than is usual."),
        ((0.33, 0.34, 0.33), {}, "A draw is slightly likelier than either win (34%), by no more than is usual."),
        ((0.36, 0.3, 0.34), {"rest": 0.001}, "Ash are slightly favoured (36%), by no more than is usual."),
    ],
)
def test_the_sentence_says_who_and_why(forecast, parts: dict[str, float], words: str) -> None:
    groups = tuple(Contribution(name, part, 0.0, -part) for name, part in parts.items())
    assert sentence("Ash", "Elm", forecast, groups) == words
