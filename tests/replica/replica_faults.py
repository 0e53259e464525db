"""What goes wrong on the way, decided by a seed: the same request gets the same fault, and in the end its page."""

import hashlib
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

KINDS: Final = (
    "incapsula", "challenge", "challenge_503", "ban", "verify_client", "bad_gateway", "unavailable", "rate_limited",
    "not_found", "slow", "reset", "as_html", "no_pre", "truncated", "empty",
)  # fmt: skip
JSON_KINDS: Final = ("as_html", "no_pre", "truncated")
"""Only where JSON is asked for."""

TRANSIENT: Final = ("unavailable", "bad_gateway", "rate_limited", "reset", "truncated", "empty")
"""What happens anywhere, and is over when one asks again."""


class Faults:
    """Which requests fail, and how.

    Args:
        shares: kind -> share of the requests that fail so; together at most 1.
        seed: of the choice.
        times: a path fails at most so often in a row, and is then answered until the faults are set anew;
            0 = there is no end to it.
        slow_seconds, retry_after: of the faults `slow` and `rate_limited`.
        pages: kinds of pages that may fail (as the hit log names them), empty = all.
    """

    def __init__(
        self,
        shares: Mapping[str, float] | None = None,
        seed: int = 7,
        times: int = 2,
        slow_seconds: float = 5.0,
        retry_after: int = 2,
        pages: Sequence[str] = (),
    ) -> None:
        self._lock = threading.Lock()
        self.options: dict[str, Any] = {
            "seed": seed, "times": times, "slow_seconds": slow_seconds, "retry_after": retry_after,
            "pages": list(pages),
        }  # fmt: skip
        self.set(shares or {})

    def set(self, shares: Mapping[str, float], **options: Any) -> None:
        """Let other things go wrong from now on; options that are not named stay.

        Raises:
            ValueError: an unknown kind or option, or shares that are none.
        """
        unknown = [*(set(shares) - set(KINDS)), *(options.keys() - self.options.keys())]
        if unknown:
            raise ValueError(f"no such fault or option: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
        if any(share < 0 for share in shares.values()) or sum(shares.values()) > 1 + 1e-9:
            raise ValueError(f"shares of all requests, together at most 1, not {dict(shares)}")
        with self._lock:
            self.shares = dict(shares)
            self.options = {**self.options, **options}
            self._asked: Counter[str] = Counter()
            self._failed: Counter[str] = Counter()

    def next(self, path: str, json: bool, page: str = "") -> str:
        """The fault of the next request for a path, empty if it is answered; `page` is the kind of page there."""
        if page and self.options["pages"] and page not in self.options["pages"]:
            return ""
        with self._lock:
            nth = self._asked[path] = self._asked[path] + 1
            kind = self._drawn(path, nth, json)
            times = self.options["times"]
            if not kind or (times and self._failed[path] >= times):
                return ""
            self._failed[path] += 1
            return kind

    def _drawn(self, path: str, nth: int, json: bool) -> str:
        text = f"{self.options['seed']} {path} {nth}".encode()
        left = int.from_bytes(hashlib.sha256(text).digest()[:6]) / 2**48
        for kind, share in self.shares.items():
            left -= share
            if left < 0:
                return kind if json or kind not in JSON_KINDS else ""
        return ""
