"""Settings that are of their type and yet make no sense."""

import pytest

from touchline.errors import ConfigurationError
from touchline.settings import BY_FUNCTION, load


@pytest.mark.parametrize(
    ("function", "name", "text"),
    [
        ("train", "TOUCHLINE_TRAIN_TRIALS", "0"),
        ("train", "TOUCHLINE_TRAIN_FOLDS", "0"),
        ("train", "TOUCHLINE_TRAIN_THREADS", "-1"),
        ("train", "TOUCHLINE_TRAIN_TEST_DAYS", "0"),
        ("scrape", "TOUCHLINE_SCRAPE_PACE_SECONDS", "-0.5"),
        ("scrape", "TOUCHLINE_SCRAPE_SIMULATED_SEED", "-1"),
        ("forecast", "TOUCHLINE_FORECAST_HORIZON_DAYS", "0"),
        ("drift", "TOUCHLINE_DRIFT_CURRENT_MATCHES", "0"),
        ("validate", "TOUCHLINE_VALIDATE_MIN_FINISHED", "-3"),
    ],
)
def test_a_number_out_of_its_bounds_is_named(function: str, name: str, text: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(BY_FUNCTION[function], {name: text}, function)
    assert [detail.partition(":")[0] for detail in error.value.details] == [name]
    assert load(BY_FUNCTION[function], {name: "1"}, function) is not None
