"""Entry of the function sweep; what it does stands in touchline.stages.sweep."""

from touchline.entrypoint import expose
from touchline.stages.sweep import run

handle, lambda_handler = expose("sweep", run)
