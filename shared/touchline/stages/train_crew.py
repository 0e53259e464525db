"""Help a training with its search for parameters: join the studies that it shares, and fill them with it."""

import logging
from typing import Final

from touchline.errors import ConfigurationError
from touchline.learning.families import families
from touchline.learning.fitting import task_of
from touchline.learning.tuning import Search
from touchline.settings import Train
from touchline.stages import train, train_material
from touchline.work import Ports, Result

_LOG: Final = logging.getLogger("touchline.train")


def join(ports: Ports, settings: Train, number: int) -> Result:
    """Work on the trials of the training that is due until all are finished, by whomever; write nothing else.

    Who has the same features and settings has the same studies. So it does not matter whether the training has begun:
    it finds what was tried meanwhile, and goes on from there.

    Args:
        ports: only the object store and the studies are used.
        settings: those of the training.
        number: of this helper; each begins with another family.

    Raises:
        ConfigurationError: the settings name no place for studies to share.
        Unavailable: that place does not answer.
        DataError: the matches are too few to learn from.
    """
    if not settings.study:
        raise ConfigurationError(
            "no place for the trials", where="TOUCHLINE_TRAIN_STUDY", hint="`database`, or an address that all can see"
        )
    found = train.wanted(ports.store, settings)
    if isinstance(found, Result):
        return found
    options = train.options(ports, settings)
    examples = train_material.read(ports.store, found.features, settings.test_days, settings.uses).train
    task, heard = task_of(examples, options), families(options.families, examples)
    first = number % len(heard)
    for one in (*heard[first:], *heard[:first]):
        search = Search(one, task, _LOG.info)
        options.studies.fill(search.study, search.objective, options.trials)
    return Result(outcome="done", summary={"families": [one.name for one in heard], "trials": options.trials})
