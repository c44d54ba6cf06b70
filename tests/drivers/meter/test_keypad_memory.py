"""What a keypad meter shows, and what it still knows after a power cut or a second process."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from drivers.meter.keypad import KeypadMeter
from kiosk.errors import BadInput, DeviceFault
from tests.drivers.meter.token_sender import CREDIT_0_1_KWH, CREDIT_25_6_KWH, a_meter, credit


def test_face_is_read_as_json_when_a_meter_is_shown(tmp_path: Path) -> None:
    meter = a_meter(tmp_path)
    meter.enter(CREDIT_25_6_KWH)
    meter.consume(350)
    assert msgspec.to_builtins(meter.show()) == {
        "number": "00000000000",
        "kind": "keypad",
        "energy_left_wh": 25_250,
        "energy_left_kwh": "25.250",
        "energy_credited_wh": 25_600,
        "switch": "closed",
        "last_result": "accepted",
        "identifiers_kept": 1,
        "tokens_accepted": 1,
    }


def test_no_more_than_is_left_is_used_when_energy_runs_out(tmp_path: Path) -> None:
    meter = a_meter(tmp_path)
    meter.enter(CREDIT_0_1_KWH)
    assert meter.consume(1_000_000) == 0
    assert meter.show().switch == "open"
    assert meter.registers().energy_used_wh == 100


def test_used_token_stays_used_when_the_meter_is_opened_by_another_process(tmp_path: Path) -> None:
    a_meter(tmp_path).enter(CREDIT_25_6_KWH)
    assert KeypadMeter(tmp_path, "00000000000").enter(CREDIT_25_6_KWH).result == "used"


def test_one_credits_when_two_enter_the_same_token_at_once(tmp_path: Path) -> None:
    a_meter(tmp_path)
    gate = threading.Barrier(2)
    results: list[str] = []

    def customer() -> None:
        meter = KeypadMeter(tmp_path, "00000000000")
        for identifier in range(20):
            gate.wait()
            results.append(meter.enter(credit(identifier)).result)

    customers = [threading.Thread(target=customer) for _ in range(2)]
    for thread in customers:
        thread.start()
    for thread in customers:
        thread.join()
    assert sorted(results) == ["accepted"] * 20 + ["used"] * 20
    assert KeypadMeter(tmp_path, "00000000000").show().energy_left_wh == 2000


def test_answer_comes_last_when_a_token_is_credited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = a_meter(tmp_path)
    steps: list[str] = []
    true_replace = Path.replace

    def seen_replace(beside: Path, target: Path) -> Path:
        # What is about to become the memory is whole, and the memory is still the old one.
        assert b'"energy_left_wh":25600' in beside.read_bytes()
        assert meter.show().energy_left_wh == 0
        steps.append("replace")
        return true_replace(beside, target)

    monkeypatch.setattr("os.fsync", lambda _: steps.append("sync"))
    monkeypatch.setattr(Path, "replace", seen_replace)
    meter.enter(CREDIT_25_6_KWH)
    assert steps == ["sync", "replace", "sync"]


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_meter_is_as_before_when_the_power_fails_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class PowerCutError(BaseException):
        pass

    def cut(*_: object) -> None:
        raise PowerCutError

    meter = a_meter(tmp_path)
    with monkeypatch.context() as broken:
        broken.setattr(step, cut)
        with pytest.raises(PowerCutError):
            meter.enter(CREDIT_25_6_KWH)
    assert meter.show().energy_left_wh == 0
    assert meter.enter(CREDIT_25_6_KWH).energy_left_wh == 25_600


def test_sentence_is_clear_when_there_is_no_such_meter_or_its_memory_is_damaged(
    tmp_path: Path,
) -> None:
    with pytest.raises(BadInput, match="no meter 12345"):
        KeypadMeter(tmp_path, "12345").show()
    with pytest.raises(BadInput, match="no meter 12345"):
        KeypadMeter(tmp_path / "nowhere", "12345").enter(CREDIT_0_1_KWH)
    with pytest.raises(BadInput, match="not a meter number"):
        KeypadMeter(tmp_path, "../12345")
    (tmp_path / "12345.json").write_text('{"kind":"card","number":"12345"}')
    with pytest.raises(DeviceFault, match="damaged"):
        KeypadMeter(tmp_path, "12345").show()
