"""Which of two models answers a client, where a route divides matches between them."""

from touchline.domain.routing import Arm, arm_of
from touchline.stages.predict_board import Board


def arm_for(board: Board, client: str, match_id: str) -> Arm:
    """The champion, unless a route sends this client and match to the challenger.

    Args:
        board: what serves.
        client: what the client is known by: the id of its key, or its address; nobody (empty) is only routed to a
            challenger that has the competition to itself.
        match_id: the match; of one that is not published the champion knows as little.
    """
    route, published = board.serving.route, board.published
    if route is None or published is None or match_id not in published.by_id:
        return "champion"
    if not client and route.mode != "competitions":
        return "champion"
    return arm_of(route, client, match_id, published.by_id[match_id].competition)
