"""What the service says of a coming match, computed from what was published of it."""

from pathlib import Path

import msgspec
import numpy as np
import pytest

import boards
import served
from served import against, promoted, publish_model
from touchline.bootstrap import Container
from touchline.domain.features import FEATURE_NAMES, features_for
from touchline.errors import CorruptObject, DataError, NotFound, Unavailable
from touchline.manifest import current, publish, write_object
from touchline.ports import Forecast
from touchline.stages.predict_board import Board, read_board
from touchline.stages.predict_goals import grid_of
from touchline.stages.predict_match import answer, answers, precomputed
from touchline.stages.predict_whatif import what_if


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Container:
    """Read only."""
    return boards.home(tmp_path_factory.mktemp("answers"), players=False)


@pytest.fixture(scope="module")
def board(home: Container) -> Board:
    return read_board(home)


def ids(board: Board) -> list[str]:
    assert board.published is not None
    return [match.match_id for match in board.published.forecasts.matches]


def sealed(home: Container) -> dict[str, Forecast]:
    return {row.match_id: row for row in home.ledger.forecasts()}


def test_answers_are_what_the_ledger_holds(home: Container, board: Board) -> None:
    record = sealed(home)
    assert len(record) > 10
    for match_id in ids(board):
        told, row = answer(board, match_id), record[match_id]
        said = [told.probabilities.home, told.probabilities.draw, told.probabilities.away]
        np.testing.assert_allclose(said, [row.home, row.draw, row.away], atol=1e-12)
        assert (told.features_hash, told.sealed_at) == (row.features_hash, row.sealed_at)
        assert (told.run_id, told.model_version, told.promotion, told.seq) == ("m1", "m1", 1, 1)
        assert (told.arm, told.precomputed, told.stale) == ("champion", False, False)


def test_many_are_answered_as_each(board: Board) -> None:
    for one, other in zip(answers(board, ids(board)), (answer(board, each) for each in ids(board)), strict=True):
        np.testing.assert_allclose(
            msgspec.structs.astuple(one.probabilities), msgspec.structs.astuple(other.probabilities), atol=1e-12
        )
        np.testing.assert_allclose(one.goals.over_25, other.goals.over_25, atol=1e-12)
        assert (one.match_id, one.features_hash) == (other.match_id, other.features_hash)
    assert answers(board, []) == []


def test_what_was_computed_agrees_with_what_was_published(board: Board) -> None:
    for match_id in ids(board):
        computed, published = answer(board, match_id), precomputed(board, match_id)
        assert (published.precomputed, published.features_hash) == (True, "")
        np.testing.assert_allclose(published.probabilities.home, computed.probabilities.home, atol=1e-12)
        assert published.goals.likeliest_score == computed.goals.likeliest_score
        np.testing.assert_allclose(published.goals.both_score, computed.goals.both_score, atol=1e-12)
        assert published.sealed_at == computed.sealed_at


def test_unknown_matches_are_refused_with_suggestions(board: Board) -> None:
    with pytest.raises(NotFound) as refused:
        answer(board, ids(board)[0] + "s")
    assert ids(board)[0] in refused.value.details


def test_pairings_have_the_features_that_were_published(board: Board) -> None:
    """The state is asked at the kick-off of a fixture, and nothing became known in between."""
    published = board.published
    assert published is not None
    for match in published.forecasts.matches:
        kickoff = np.array([match.kickoff.replace(tzinfo=None)], "datetime64[us]")
        teams = [match.home_team], [match.away_team], [match.competition], [match.season]
        found = features_for(published.state, *teams, kickoff)
        np.testing.assert_array_equal(found, published.features().of([match.match_id], FEATURE_NAMES))
        some = FEATURE_NAMES[3:60:7]
        np.testing.assert_array_equal(
            features_for(published.state, *teams, kickoff, some), published.features().of([match.match_id], some)
        )


def test_on_neutral_ground_nobody_is_at_home(board: Board) -> None:
    match = board.published.forecasts.matches[0]
    day = match.kickoff.date()
    one = what_if(board, match.home_team, match.away_team, match.competition, day, neutral=True)
    other = what_if(board, match.away_team, match.home_team, match.competition, day, neutral=True)
    swapped = msgspec.structs.astuple(other.probabilities)[::-1]
    np.testing.assert_allclose(msgspec.structs.astuple(one.probabilities), swapped, atol=1e-12)
    np.testing.assert_allclose(one.goals.expected_goals_home, other.goals.expected_goals_away, atol=1e-12)
    at_home = what_if(board, match.home_team, match.away_team, match.competition, day)
    away = what_if(board, match.away_team, match.home_team, match.competition, day)
    home, neutral, reverse = at_home.probabilities.home, one.probabilities.home, away.probabilities.away
    np.testing.assert_allclose(neutral, (home + reverse) / 2, atol=1e-12)
    assert home > neutral > reverse
    assert (at_home.neutral, one.neutral) == (False, True)
    assert "neutral ground" in one.how


def test_forecasts_of_an_earlier_champion_are_computed_anew_and_called_stale(tmp_path: Path) -> None:
    ports = boards.home(tmp_path, players=False)
    files = {"calibration.json": b'{"type":"temperature","temperature":2.0}'}
    promoted(ports, publish_model(ports.store, "m2", 2, files=files, **against("m1")))
    board = read_board(ports)
    told, published = (ask(board, ids(board)[0]) for ask in (answer, precomputed))
    assert (told.run_id, told.promotion, told.stale, told.sealed_at) == ("m2", 2, True, None)
    assert (published.run_id, published.promotion, published.stale) == ("m1", 1, True)
    assert published.sealed_at is not None
    assert told.probabilities.home != published.probabilities.home


def test_the_challenger_answers_who_is_sent_to_it(tmp_path: Path) -> None:
    ports = boards.home(tmp_path, players=False)
    boards.routed(ports)
    board = read_board(ports)
    champion, challenger = (answer(board, ids(board)[0], arm) for arm in ("champion", "challenger"))
    assert (champion.run_id, champion.arm, challenger.run_id, challenger.arm) == ("m1", "champion", "m2", "challenger")
    assert champion.probabilities != challenger.probabilities
    assert (champion.features_hash, champion.stale) == (challenger.features_hash, False)
    assert (champion.sealed_at is None, challenger.sealed_at) == (False, None)
    assert board.serving.route is not None
    assert board.serving.route.share == 0.5


def test_without_a_challenger_the_champion_answers(board: Board) -> None:
    told = answer(board, ids(board)[0], "challenger")
    assert (told.run_id, told.arm) == ("m1", "champion")


def test_older_publications_still_answer(tmp_path: Path) -> None:
    board = boards.older(boards.home(tmp_path, players=False), "forecasts", "state", "table")
    match_id = ids(board)[0]
    told = answer(board, match_id)
    assert (told.precomputed, told.features_hash, told.sealed_at) == (True, "", None)
    assert told.goals is not None
    assert board.published.context().of(match_id).form_home == ()
    assert (board.published.elo().lines, board.published.players().players) == ((), ())


def test_numbers_that_were_published_are_named_by_their_model(tmp_path: Path) -> None:
    ports = boards.home(tmp_path, players=False)
    boards.older(ports, "forecasts", "state", "table")
    promoted(ports, publish_model(ports.store, "m2", 2, **against("m1")))
    board = read_board(ports)
    told, grid = answer(board, ids(board)[0]), grid_of(board, ids(board)[0])
    assert (board.serving.version, told.model_version, grid.model_version) == ("m2", "m1", "m1")


@pytest.mark.parametrize("name", ["features", "records"])
def test_a_broken_object_that_every_answer_needs_is_no_board(tmp_path: Path, name: str) -> None:
    ports = boards.home(tmp_path, players=False)
    ref = read_board(ports).published.outputs[name]
    assert ports.store.swap(ref.key, b"broken", ports.store.stat(ref.key).etag)
    with pytest.raises(CorruptObject, match=ref.key):
        read_board(ports)


def test_broken_surroundings_are_named_and_forecasts_go_on(tmp_path: Path) -> None:
    ports = boards.home(tmp_path, players=False)
    board = read_board(ports)
    for name, ask in (("context", board.published.context), ("elo", board.published.elo)):
        ref = board.published.outputs[name]
        assert ports.store.swap(ref.key, b"broken", ports.store.stat(ref.key).etag)
        with pytest.raises(CorruptObject, match=ref.key):
            ask()
    assert answer(board, ids(board)[0]).probabilities.home > 0


def test_bytes_of_another_format_are_named(tmp_path: Path) -> None:
    ports = boards.home(tmp_path, players=False)
    publication, manifest = current(ports.store, "predictions")
    outputs = manifest.outputs | {"context": write_object(ports.store, "predictions/x/context.msgpack", b"\x01")}
    made = msgspec.structs.replace(manifest, id="x", outputs=outputs)
    publish(ports.store, made, publication.seq, promotion=1, revision=1)
    with pytest.raises(DataError, match=r"predictions/x/context\.msgpack"):
        read_board(ports).published.context()


def test_a_model_of_features_that_were_not_published_says_so(tmp_path: Path) -> None:
    ports = boards.home(tmp_path, players=False)
    board = read_board(ports)
    names = ("a", *FEATURE_NAMES[1:])
    board.serving.predictor.features = names
    with pytest.raises(Unavailable, match="wants the feature 'a'"):
        answer(board, ids(board)[0])


def test_a_model_that_gives_no_probabilities_says_nothing(home: Container) -> None:
    class Broken:
        model_id, features = "m1", FEATURE_NAMES

        def both(self, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.full((len(features), 3), 0.5), np.full((len(features), 2), np.nan)

    model = home.model
    home.model = lambda bundle, digests: Broken()
    try:
        board = read_board(home)
    finally:
        home.model = model
    with pytest.raises(Unavailable, match="no probabilities"):
        answer(board, ids(board)[0])


def test_nothing_is_answered_before_forecasts_are_made(ports: Container) -> None:
    ports.registry = served.ListedRegistry("m1")
    promoted(ports, publish_model(ports.store, "m1", 1))
    with pytest.raises(Unavailable, match="no forecasts are published yet"):
        answer(read_board(ports), "m")
