"""Entry of the function export; what it does stands in touchline.stages.export."""

from touchline.entrypoint import expose
from touchline.stages.export import run

handle, lambda_handler = expose("export", run)
