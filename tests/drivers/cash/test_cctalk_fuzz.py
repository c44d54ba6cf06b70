"""A few thousand hostile lines; `make fuzz` runs more."""

from __future__ import annotations

import random
from pathlib import Path

from drivers.cash.cctalk import CctalkBillValidator
from drivers.cash.cctalk_frames import BILL_VALIDATOR, Frame
from drivers.cash.sim_device import BillDevice
from kiosk.errors import CashFault
from tests.drivers.cash.scripted_device import ScriptedDevice, answer
from tests.fuzz import fuzz_cctalk


def test_nothing_undeclared_happens_when_the_bytes_are_hostile() -> None:
    fuzz_cctalk.run(3000, random.SystemRandom().randrange(2**32))


def test_only_declared_faults_come_when_every_answer_is_hostile() -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with ScriptedDevice() as device:
        hostile = [157, 156, 159, 154, 254, 228, 231]
        for header in hostile:
            device.script[header] = [[_hostile(chance)] for _ in range(200)]
        for _ in range(30):
            cash = CctalkBillValidator(
                device.path, "KES", poll_s=0.001, reply_timeout_s=0.004, tries=1
            )
            try:
                cash.enable([5000])
                cash.since(chance.randrange(256))
                cash.wait(0.003)
                cash.stack()
            except CashFault:
                pass
            finally:
                cash.close()


def _hostile(chance: random.Random) -> bytes:
    size = chance.choice((0, 0, 1, 3, 7, 11, 60))
    whole = answer(chance.randbytes(size), chance.choice((0, 0, 0, 5, 6, 200)))
    return chance.choice((whole, whole, whole[:-1], chance.randbytes(size)))


def test_the_simulated_device_lives_when_its_host_is_hostile(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    device = BillDevice(tmp_path, [5000], "KES", "ZZ")
    for _ in range(2000):
        header = chance.choice((chance.randrange(2, 256), 154, 156, 157, 159, 231))
        reply = device.answer(Frame(BILL_VALIDATOR, header, chance.randbytes(chance.randrange(4))))
        assert reply is not None
