"""Entry of the function feature; what it does stands in touchline.stages.feature."""

from touchline.entrypoint import expose
from touchline.stages.feature import run

handle, lambda_handler = expose("feature", run)
