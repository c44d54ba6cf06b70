"""The three security modules on the bench of the conformance suite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Self, cast

from drivers.vending.prism import sim as prism_sim
from drivers.vending.prism.prism import PrismVendor
from drivers.vending.prism.settings import PrismAccount
from drivers.vending.software import SoftwareVendor
from drivers.vending.sts.identity import meter_pan
from drivers.vending.sts600 import sim as sts600_sim
from drivers.vending.sts600.sts600 import Sts600Vendor
from kiosk.domain.token import TokenRequest
from kiosk.errors import Refusal
from kiosk.ports import TokenVendor
from tests.ports.token_vendor_suite import KEYS, Made

ACCOUNT = PrismAccount("local", "hall-7", "correct horse")


class Bench:
    """What all benches have; they are closed when the test is over."""

    vendor: TokenVendor
    exchanges: tuple[str, ...] = ()
    losses: Mapping[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lose(self, loss: str, exchange: str) -> None:
        raise NotImplementedError

    def hurry(self) -> None:
        pass

    def wait_longer(self, faults: int) -> None:
        pass

    def reopen(self) -> None:
        raise NotImplementedError

    def made(self) -> list[Made]:
        raise NotImplementedError

    def close(self) -> None:
        pass


class _Recorded(SoftwareVendor):
    """The software module has no wire; what it gave out is what it made."""

    def __init__(self, made: dict[str, Made]) -> None:
        super().__init__(KEYS)
        self._made = made

    def issue(self, request: TokenRequest) -> str | Refusal:
        answer = super().issue(request)
        if isinstance(answer, str):
            made = Made(request.message_id, meter_pan(request.meter), request.identifier, answer)
            assert self._made.setdefault(request.message_id, made) == made
        return answer


class SoftwareBench(Bench):
    def __init__(self, _folder: Path) -> None:
        self._made: dict[str, Made] = {}
        self.vendor = _Recorded(self._made)

    def reopen(self) -> None:
        self.vendor = _Recorded(self._made)

    def made(self) -> list[Made]:
        return list(self._made.values())


class PrismBench(Bench):
    exchanges: tuple[str, ...] = ("signInWithPassword", "fetchTokenResult", "issueCreditToken")
    losses: Mapping[str, int] = {
        "before_act": 1, "after_act": 33, "half_reply": 33, "garbage": 31, "late": 1, "silence": 1
    }  # fmt: skip

    def __init__(self, folder: Path, timeout_s: float = 2.0, settle_s: float = 0.02) -> None:
        self.service = prism_sim.SimulatedPrism(
            folder / "service", KEYS, ACCOUNT, nibble=lambda: 5, late_s=timeout_s + 0.04
        )
        self._limits = (timeout_s, settle_s)
        self.driver = self._new_driver()
        self.vendor = self.driver

    def lose(self, loss: str, exchange: str) -> None:
        if exchange == "signInWithPassword":
            self.service.module.forget_sessions()
        self.service.lose(cast(prism_sim.Loss, loss), exchange)

    def hurry(self) -> None:
        self._limits = (0.3, 0.15)
        self.service.late_s = 0.34
        self.reopen()

    def reopen(self) -> None:
        self.driver.close()
        self.driver = self._new_driver()
        self.vendor = self.driver

    def made(self) -> list[Made]:
        return [
            Made(issue.message_id, token.pan, token.tid, token.token_dec)
            for issue in self.service.module.issues()
            for token in issue.tokens
        ]

    def close(self) -> None:
        self.driver.close()
        self.service.close()

    def _new_driver(self) -> PrismVendor:
        timeout_s, settle_s = self._limits
        return PrismVendor(
            self.service.address,
            ACCOUNT,
            self.service.keys(),
            timeout_s=timeout_s,
            settle_s=settle_s,
        )


#: How long the driver waits first when losses are tried, and at most on a busy machine.
_HURRIED_S, _LONGEST_S = 0.03, 2.0


class Sts600Bench(Bench):
    exchanges: tuple[str, ...] = ("DI", "GA", "VC")
    losses: Mapping[str, int] = {
        "before_act": 1, "after_act": 1, "half_reply": 1, "garbage": 1, "late": 1, "spoiled": 4
    }  # fmt: skip

    def __init__(self, folder: Path, timeout_s: float = 2.0) -> None:
        registers = dict(enumerate(KEYS, 1))
        self.device = sts600_sim.SimulatedSts600(folder / "module", registers, late_s=timeout_s * 2)
        self._answers = folder / "answers.json"
        self._timeout_s = timeout_s
        self.driver = self._new_driver()
        self.vendor = self.driver

    def lose(self, loss: str, exchange: str) -> None:
        self.device.lose(cast(sts600_sim.Loss, loss), exchange)

    def hurry(self) -> None:
        self._timeout_s = _HURRIED_S
        self.device.late_s = 2 * _HURRIED_S
        self.reopen()

    def wait_longer(self, faults: int) -> None:
        # The line's own wait before it is opened again is pushed on: the test does not sit it out.
        self.driver._line._reopen_at_s = 0.0
        longest_s = max(_LONGEST_S, self._timeout_s)
        self.driver._timeout_s = min(longest_s, self._timeout_s * 2**faults)

    def reopen(self) -> None:
        self.driver.close()
        self.driver = self._new_driver()
        self.vendor = self.driver

    def made(self) -> list[Made]:
        return [
            Made("", vend.pan, vend.identifier, vend.token) for vend in self.device.module.vends()
        ]

    def close(self) -> None:
        self.driver.close()
        self.device.close()

    def _new_driver(self) -> Sts600Vendor:
        registers = range(1, len(KEYS) + 1)
        return Sts600Vendor(self.device.path, registers, self._answers, timeout_s=self._timeout_s)


BENCHES: dict[str, type[SoftwareBench | PrismBench | Sts600Bench]] = {
    "software": SoftwareBench,
    "prism": PrismBench,
    "sts600": Sts600Bench,
}


def bench_of(module: str, folder: Path) -> Bench:
    return BENCHES[module](folder)
