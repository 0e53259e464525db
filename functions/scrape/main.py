"""Entry of the function scrape; what it does stands in touchline.stages.scrape."""

from touchline.entrypoint import expose
from touchline.stages.scrape import run

handle, lambda_handler = expose("scrape", run)
