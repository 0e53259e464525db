"""The command `verify-ledger`: recompute the whole record, and say what is not as it was made."""

# ruff: noqa: D301 - \b keeps the lines of the examples apart

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.terminal import AsJson, emit, scene, showing, speaking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from touchline.cli.ledger_material import Material
    from touchline.domain.ledger_audit import Chain, Fault, Written

    Look = tuple[Material, Chain, list[Fault], list[Written]]

SHOWN = 20
"""So many faults are listed; `--json` has all."""
PAUSE = 0.5
"""Seconds before a second look: what a forecast is about to write looks like a fault at the first one."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("verify-ledger")(verify_ledger)


def verify_ledger(
    context: typer.Context,
    from_: Annotated[
        Path | None, typer.Option("--from", help="Verify a file that --export wrote; needs no database.")
    ] = None,
    export: Annotated[Path | None, typer.Option(help="Write all that was verified to a file.")] = None,
    anchor: Annotated[str, typer.Option(help="Hash of a batch, published elsewhere: the chain must contain it.")] = "",
    head: Annotated[bool, typer.Option("--head", help="Print number and hash of the newest batch: an anchor.")] = False,
    copied: Annotated[
        bool, typer.Option("--copied", help="The objects were restored or copied: their times say nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify that every forecast is as it was sealed, before kick-off, and every settlement what follows from it.

    Ends with code 1 if anything is not.

    \b
    Examples:
      touchline verify-ledger
      touchline verify-ledger --export ledger.jsonl
      touchline verify-ledger --from ledger.jsonl
      touchline verify-ledger --head
    """
    from touchline import bootstrap
    from touchline.cli import ledger_file, ledger_material

    if from_:
        material, chain, faults, kept = _look(lambda: ledger_file.read(from_), export is not None, copied)
    else:
        ports = bootstrap.ports(scene(context).environ)
        material, chain, faults, kept = _look_twice(lambda: ledger_material.of_store(ports), export is not None, copied)
    faults += _without_anchor(chain, anchor)
    if export and not faults:
        ledger_file.write(export, material, kept)
    if head and not faults:
        emit(_head(chain)) if as_json else typer.echo(" ".join(map(str, _head(chain).values())))
    elif as_json:
        emit(_plain(material, chain, faults))
    else:
        _show(material, chain, faults)
    if faults:
        raise typer.Exit(1)


def _look_twice(read: "Callable[[], Material]", keep: bool, copied: bool) -> "Look":
    """A look, and another one where the first found faults: only what both find is wrong, the rest was on its way."""
    first = _look(read, keep, copied)
    if not first[2]:
        return first
    time.sleep(PAUSE)
    material, chain, faults, kept = _look(read, keep, copied)
    return material, chain, [fault for fault in faults if fault in first[2]], kept


def _look(read: "Callable[[], Material]", keep: bool, copied: bool) -> "Look":
    material = read()
    kept: list[Written] = []
    chain, faults = verified(material, kept if keep else None, copied=copied)
    return material, chain, faults, kept


def verified(
    material: "Material", kept: "list[Written] | None" = None, *, copied: bool = False
) -> "tuple[Chain, list[Fault]]":
    """What is found along the chain, and everything that is wrong.

    Args:
        material: the ledger.
        kept: the batches are put in here, for the export.
        copied: whether the times of objects say nothing.
    """
    from touchline.domain.ledger_audit import Auditor
    from touchline.domain.ledger_scores import compared

    auditor = Auditor(copied=copied)
    for written in _followed(material.batches, material.total):
        auditor.take(written)
        if kept is not None:
            kept.append(written)
    if material.table is not None:
        auditor.compare(material.table)
    chain = auditor.found()
    faults = [*material.faults, *chain.faults, *compared(chain.forecasts, material.ended, material.settled)]
    return chain, faults


def _followed(batches: "Iterable[Written]", total: int) -> "Iterator[Written]":
    """Batches, with a bar on standard error where there are many."""
    from rich.progress import track

    yield from track(batches, "verifying", total=total, console=speaking(), transient=True)


def _without_anchor(chain: "Chain", anchor: str) -> "list[Fault]":
    from touchline.domain.ledger_audit import Fault

    if not anchor or anchor in chain.hashes:
        return []
    return [Fault("the chain", "", f"no batch has the hash {anchor}: the record was made anew, or it is another one")]


def _head(chain: "Chain") -> dict[str, Any]:
    return {"number": len(chain.hashes), "hash": chain.head}


def _plain(material: "Material", chain: "Chain", faults: "list[Fault]") -> dict[str, Any]:
    return {
        "mode": material.mode,
        "whole": not faults,
        "head": _head(chain),
        "batches": material.total,
        "forecasts": len(chain.forecasts),
        "settlements": len(material.settled),
        "faults": faults,
        "late": chain.late,
    }


def _show(material: "Material", chain: "Chain", faults: "list[Fault]") -> None:
    console = showing()
    for fault in faults[:SHOWN]:
        about = f"{fault.where}, {fault.match}" if fault.match else fault.where
        console.print(f"{about}: {fault.what}", style="red", markup=False, soft_wrap=True)
    if len(faults) > SHOWN:
        console.print(f"... and {len(faults) - SHOWN} more (--json has all)")
    for late in chain.late[:SHOWN]:
        told = f"{len(late.matches)} forecasts came into it after kick-off: their time rests on the database alone"
        console.print(f"{late.where}: {told}", style="yellow", markup=False, soft_wrap=True)
    counted = f"{material.total} batches, {len(chain.forecasts)} forecasts, {len(material.settled)} settlements"
    if material.mode == "simulated":
        console.print("simulated time: when objects were written is not compared with it")
    console.print(f"{counted}: {f'{len(faults)} faults' if faults else 'whole'}")
    if chain.hashes and not faults:
        console.print(f"head {len(chain.hashes)} {chain.head}")
