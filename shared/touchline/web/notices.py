"""What stands above every page: whether matches are invented, the time is set by hand, or the state is old."""

from dataclasses import dataclass
from datetime import datetime

from touchline.stages.predict_board import Board
from touchline.web.look import Look


@dataclass(frozen=True)
class Banner:
    """A note above the page; `kind` is `warn` for what somebody should look at, else empty."""

    title: str
    text: str
    kind: str = ""


def banners(look: Look, board: Board | None, fault: str, simulated_time: bool) -> tuple[Banner, ...]:
    """Notes about the state that a page shows."""
    t, made = look.words, []
    published = board.published if board else None
    if published and published.forecasts.simulated:
        made.append(Banner(t("banner.invented"), t("banner.invented.text")))
    told = published.forecasts.as_of if published else ""
    if simulated_time or told:
        as_of = look.now if simulated_time else datetime.fromisoformat(told)
        made.append(Banner(t("banner.time", moment=look.moment(as_of)), t("banner.time.text")))
    if board and fault:
        made.append(Banner(t("banner.fault"), t("banner.fault.text", fault=fault), "warn"))
    if board and board.outdated:
        made.append(Banner(t("banner.outdated", n=board.serving.promotion), t("banner.outdated.text"), "warn"))
    return tuple(made)


def nothing(look: Look, board: Board | None, fault: str, nothing_serves: bool, narrows: bool) -> tuple[str, str]:
    """Why there is no match to show, and what to do."""
    t = look.words
    if nothing_serves:
        return t("empty.serves"), t("empty.serves.what")
    if board is None:
        return t("empty.broken"), t("empty.broken.what", fault=fault)
    if board.published is None:
        return t("empty.published"), t("empty.published.what")
    if narrows:
        return t("empty.chosen"), t("empty.chosen.what")
    reason = board.published.forecasts.reason
    return t("empty.none", reason=reason) if reason else t("empty.over"), t("empty.none.what")
