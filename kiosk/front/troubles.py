"""What a trainer does to the simulated printer and note acceptor: faults that come and go."""

from __future__ import annotations

from pathlib import Path

from kiosk.ports import HandsAnswer

#: The word that ends every fault of a device.
WORKS = "works"


def trouble_printer(world: Path, fault: str) -> HandsAnswer:
    """Give the printer of the world at `world` this fault alone, or none; BadInput for an unknown
    one. It stays until `works`, also over restarts (E04)."""
    from drivers.printer.sim import set_faults

    folder = world / "printer"
    folder.mkdir(parents=True, exist_ok=True)
    set_faults(folder, *([] if fault == WORKS else [fault]))
    return HandsAnswer(True, f"printer: {fault}")


def trouble_acceptor(world: Path, fault: str) -> HandsAnswer:
    """Give the note acceptor of the world at `world` one more fault, or none; BadInput for an
    unknown one. A fault that happens once ends by itself (E22)."""
    from drivers.cash.sim import set_fault
    from drivers.cash.sim_device import FAULTS

    folder = world / "acceptor"
    if fault != WORKS:
        set_fault(folder, fault)
    for gone in FAULTS if fault == WORKS else ():
        set_fault(folder, gone, present=False)
    return HandsAnswer(True, f"acceptor: {fault}")
