"""Entry of the function validate; what it does stands in touchline.stages.validate."""

from touchline.entrypoint import expose
from touchline.stages.validate import run

handle, lambda_handler = expose("validate", run)
