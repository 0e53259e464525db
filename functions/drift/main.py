"""Entry of the function drift; what it does stands in touchline.stages.drift."""

from touchline.entrypoint import expose
from touchline.stages.drift import run

handle, lambda_handler = expose("drift", run)
