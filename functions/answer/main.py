"""Entry of the function answer; what it does stands in touchline.stages.answer."""

from touchline.entrypoint import expose
from touchline.stages.answer import run

handle, lambda_handler = expose("answer", run)
