"""Functions of a folder, called as their platform calls them."""

from functools import cache

from touchline.platform.runner import Call, load

__all__ = ["Call", "handle"]

handle = cache(load)
"""The HTTP entry of `<folder>/<name>/main.py`, which is loaded once."""
