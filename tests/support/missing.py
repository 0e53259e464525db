"""What skips a test: a part that this machine does not have."""

import pytest


class Missing(pytest.skip.Exception):
    """A part cannot be had here. Whoever does not catch it is skipped, with the reason in one line."""
