"""Entry of the function forecast; what it does stands in touchline.stages.forecast."""

from touchline.entrypoint import expose
from touchline.stages.forecast import run

handle, lambda_handler = expose("forecast", run)
