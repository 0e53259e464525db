"""Scrape: match rows that come in a message, from Kafka, Pub/Sub or whoever posts them."""

from touchline.settings import Scrape
from touchline.sources import batches
from touchline.stages.scrape_record import ingest, keep
from touchline.work import Event, Ports, Result


def run(event: Event, ports: Ports, settings: Scrape) -> Result:
    """Take in the rows of a batch as if they had come in a file; the same rows again change nothing.

    They count as true at the moment of the message, or now if that lies ahead: an older batch that comes late does not
    take the place of newer rows.

    Raises:
        DataError: it is no list of rows, or too many of them are refused; what came is kept, and so is the reason.
    """
    payload = batches.payload(event.data.get("rows"), min(event.time, ports.clock.now()), event.id)
    keep(ports, payload)
    return ingest(event, ports, settings, [payload])
