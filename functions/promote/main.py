"""Entry of the function promote; what it does stands in touchline.stages.promote."""

from touchline.entrypoint import expose
from touchline.stages.promote import run

handle, lambda_handler = expose("promote", run)
