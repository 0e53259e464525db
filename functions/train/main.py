"""Entry of the function train; what it does stands in touchline.stages.train."""

from touchline.entrypoint import expose
from touchline.stages.train import run

handle, lambda_handler = expose("train", run)
