"""The Prism driver: the wire, the pin, the sign-in, and answers that are not given out."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from drivers.vending.prism.prism import PrismVendor
from drivers.vending.prism.settings import (
    PrismAccount,
    PrismAddress,
    held_key,
    password_in,
)
from drivers.vending.prism.sim import SimulatedPrism
from drivers.vending.prism.thrift_frames import (
    LARGEST_FRAME,
    FrameBuffer,
    MessageKind,
    apart,
    decoded,
    framed,
)
from drivers.vending.prism.token_api import METHODS, ApiError, IssuedToken
from kiosk.domain.special_tokens import KeyChangeRequest, KeyPlace
from kiosk.errors import BadInput, ConfigFault, Refusal, VendorFault
from tests.drivers.vending.benches import ACCOUNT, PrismBench
from tests.ports.token_vendor_suite import KEYS, PUBLISHED_KEY, REQUEST, changed, issued


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[PrismBench]:
    with PrismBench(tmp_path, timeout_s=1.0, settle_s=0.02) as bench:
        yield bench


# --- the wire ---------------------------------------------------------------------------------

#: getStatus("m1", "t"), sequence 7, written by hand from the binary protocol.
GET_STATUS = bytes.fromhex(
    "00000027"  # length of the frame
    "80010001"  # version 1, call
    "00000009" "676574537461747573"  # getStatus
    "00000007"  # sequence
    "0b0001" "00000002" "6d31"  # field 1, text
    "0b0002" "00000001" "74"  # field 2, text
    "00"  # end of the struct
)  # fmt: skip
#: Its reply: one node, info {"a": "b"}, an unknown field 9, no alerts.
STATUS_REPLY = bytes.fromhex(
    "80010002" "00000009" "676574537461747573" "00000007"
    "0f0000" "0c" "00000001"  # field 0, a list of one struct
    "0d0001" "0b0b" "00000001" "00000001" "61" "00000001" "62"  # field 1, a map
    "060009" "0001"  # field 9, which we do not know
    "0f0002" "0c" "00000000"  # field 2, an empty list
    "00" "00"
)  # fmt: skip


def test_bytes_are_those_of_the_protocol_when_a_call_is_sent() -> None:
    method = METHODS["getStatus"]
    arguments = {"messageId": "m1", "accessToken": "t"}
    assert framed(MessageKind.CALL, "getStatus", 7, method.arguments, arguments) == GET_STATUS


def test_unknown_fields_are_passed_over_when_a_reply_is_read() -> None:
    message = apart(STATUS_REPLY)
    assert (message.kind, message.name, message.sequence) == (MessageKind.REPLY, "getStatus", 7)
    reply = decoded(METHODS["getStatus"].reply, message.body)
    assert reply == {"success": [{"info": {"a": "b"}, "alerts": []}]}


MALFORMED = [
    ("80020001", "another protocol"),
    ("80010009" "00000000" "00000000" "00", "another protocol"),
    ("80010002" "7fffffff", "beyond its end"),
    ("80010002" "ffffffff", "beyond its end"),
    ("80010002" "00000000" "00000000" "0b0000" "00000000" "00", "of a wrong type"),
    ("80010002" "00000000" "00000000" "0f0000" "0c" "7fffffff", "wrong type or length"),
    ("80010002" "00000000" "00000000" "630009", "which there is not"),
    ("80010002" "00000000" "00000000" "00" "00", "after its end"),
]  # fmt: skip


@pytest.mark.parametrize(("frame", "reason"), MALFORMED)
def test_reading_stops_with_a_fault_when_a_reply_is_malformed(frame: str, reason: str) -> None:
    with pytest.raises(VendorFault, match=reason):
        decoded(METHODS["getStatus"].reply, apart(bytes.fromhex(frame)).body)


@pytest.mark.parametrize("length", [-1, 0, LARGEST_FRAME + 1])
def test_nothing_is_collected_when_a_frame_names_an_absurd_length(length: int) -> None:
    frames = FrameBuffer()
    frames.feed(length.to_bytes(4, "big", signed=True))
    with pytest.raises(VendorFault, match="a frame of"):
        frames.next()


# --- who is there -----------------------------------------------------------------------------


def vendor_for(bench: PrismBench, **changes: object) -> PrismVendor:
    parts: dict[str, object] = {
        "address": bench.service.address,
        "account": ACCOUNT,
        "keys": bench.service.keys(),
        "settle_s": 0.02,
        "timeout_s": 1.0,
    }
    return PrismVendor(**(parts | changes))  # type: ignore[arg-type]


def test_nothing_is_sent_when_the_certificate_is_another(bench: PrismBench, tmp_path: Path) -> None:
    other = SimulatedPrism(tmp_path / "other", KEYS, ACCOUNT)
    address = PrismAddress(
        "127.0.0.1", other.address.port, bench.service.address.certificate_sha256
    )
    vendor = vendor_for(bench, address=address)
    with pytest.raises(VendorFault, match="another certificate"):
        vendor.keys()
    assert other.module.issues() == []
    other.close()


def test_pin_is_taken_when_it_is_written_with_colons(bench: PrismBench) -> None:
    plain = bench.service.address.certificate_sha256
    colons = ":".join(plain[place : place + 2].upper() for place in range(0, 64, 2))
    vendor = vendor_for(
        bench, address=PrismAddress("127.0.0.1", bench.service.address.port, colons)
    )
    assert len(vendor.keys()) == len(KEYS)
    vendor.close()


def test_settings_are_refused_when_they_cannot_be_right() -> None:
    with pytest.raises(ConfigFault, match="IP address"):
        PrismAddress("module.example", 9443, "00" * 32)
    with pytest.raises(ConfigFault, match="64 hex digits"):
        PrismAddress("127.0.0.1", 9443, "00" * 20)
    with pytest.raises(ConfigFault, match="realm"):
        PrismAccount("no spaces", "hall-7", "x")
    with pytest.raises(BadInput, match="empty"):
        PrismAccount("local", "hall-7", "")


def test_key_is_named_when_it_is_written_with_slashes() -> None:
    whole = held_key("123456/1/2/2014/07/170/C33F45")
    assert (whole.supply_group, whole.base_date, whole.key_expiry) == ("123456", 2014, 170)
    assert whole.check_value == "c33f45"
    assert held_key("123456/1/2/2035/11").key_expiry == 255
    for wrong in ("", "123456/1", "123456/1/2/2015/07", "123456/1/2/2014/07/256", "1/1/2/2014/07"):
        with pytest.raises(ConfigFault, match="must be written as"):
            held_key(wrong)


def test_sale_waits_when_the_password_is_wrong(bench: PrismBench) -> None:
    vendor = vendor_for(bench, account=PrismAccount("local", "hall-7", "battery staple"))
    with pytest.raises(VendorFault, match="does not let hall-7 of realm local in") as refused:
        vendor.issue(REQUEST)
    assert "battery" not in repr(refused.value)
    vendor.close()


def test_terminal_signs_in_again_when_its_access_token_has_run_out(bench: PrismBench) -> None:
    first = bench.vendor.issue(REQUEST)
    bench.service.module.forget_sessions()
    assert bench.vendor.issue(REQUEST) == first


def test_terminal_comes_back_when_the_service_was_switched_off(
    bench: PrismBench, tmp_path: Path
) -> None:
    first = bench.vendor.issue(REQUEST)
    port = bench.service.address.port
    bench.service.close()
    with pytest.raises(VendorFault, match=r"is lost|cannot be reached"):
        bench.vendor.issue(REQUEST)
    bench.service = SimulatedPrism(tmp_path / "service", KEYS, ACCOUNT, port=port)
    assert issued(bench, REQUEST) == first


def test_service_remembers_when_it_is_killed_after_the_act(tmp_path: Path) -> None:
    """The power goes at the service before it answers: what it made is on its disk."""
    program = (
        "import os, pathlib, signal, sys\n"
        "from drivers.vending.prism.sim_module import PrismModule\n"
        "from tests.drivers.vending.benches import ACCOUNT\n"
        "from tests.ports.token_vendor_suite import KEYS\n"
        "from tests.drivers.vending.test_prism import ISSUE\n"
        "module = PrismModule(pathlib.Path(sys.argv[1]), KEYS, ACCOUNT, lambda: 5)\n"
        "signed = {'realm': 'local', 'username': 'hall-7', 'password': ACCOUNT.password}\n"
        "options = {'sessionOpts': {'version': '1.1'}}\n"
        "session = module.answer('signInWithPassword', signed | options)\n"
        "made = module.answer('issueCreditToken', ISSUE | session)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    folder = tmp_path / "service"
    folder.mkdir()
    killed = subprocess.run([sys.executable, "-c", program, str(folder)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with PrismBench(tmp_path, timeout_s=1.0, settle_s=0.02) as bench:
        token = bench.vendor.issue(changed(message_id="killed"))
        assert [(made.message_id, made.token) for made in bench.made()] == [("killed", token)]


ISSUE: dict[str, object] = {
    "messageId": "killed",
    "meterConfig": {
        "drn": REQUEST.meter, "ea": 7, "tct": 2, "sgc": 123456, "krn": 2, "ti": 1, "ken": 255
    },
    "subclass": 0,
    "transferAmount": REQUEST.units,
    "tokenTime": 1_388_534_400 + REQUEST.identifier * 60,
    "flags": 1,
}  # fmt: skip


# --- answers ----------------------------------------------------------------------------------


def test_same_digits_come_when_the_service_rolls_the_random_bits(
    bench: PrismBench, tmp_path: Path
) -> None:
    rolls = iter(range(16))
    service = SimulatedPrism(tmp_path / "rolling", KEYS, ACCOUNT, nibble=lambda: next(rolls))
    vendor = vendor_for(bench, address=service.address)
    service.lose("after_act", "issueCreditToken")
    with pytest.raises(VendorFault):
        vendor.issue(REQUEST)
    first = vendor.issue(REQUEST)
    assert vendor.issue(REQUEST) == first
    assert len(service.module.issues()) == 1
    vendor.close()
    service.close()


def test_late_answer_is_not_taken_for_another_sale_when_it_comes_at_last(tmp_path: Path) -> None:
    with PrismBench(tmp_path, timeout_s=0.3, settle_s=0.1) as bench:
        issued(bench, changed(message_id="warm", identifier=2))
        bench.lose("late", "issueCreditToken")
        with pytest.raises(VendorFault, match="did not answer issueCreditToken in time"):
            bench.vendor.issue(REQUEST)
        second = changed(message_id="sale0000000002", identifier=REQUEST.identifier + 1)
        tokens = [bench.vendor.issue(second), issued(bench, REQUEST)]
        assert [made.token for made in bench.made()][1:] in (tokens, tokens[::-1])


def test_nothing_is_issued_twice_when_the_service_works_on_after_its_line_was_given_up(
    tmp_path: Path,
) -> None:
    # Silent on the issue and on the question after it, so the connection is given up; the service
    # makes the token half a second later, when "never seen" was already answered on a new one.
    with PrismBench(tmp_path, timeout_s=0.9, settle_s=0.1) as bench:
        issued(bench, changed(message_id="warm", identifier=2))
        bench.service.late_s = 2.2
        bench.lose("late", "issueCreditToken")
        for _ in range(2):
            with pytest.raises(VendorFault, match="did not answer"):
                bench.vendor.issue(REQUEST)
        token = issued(bench, REQUEST)
        assert [made.token for made in bench.made()][1:] == [token]


OTHER_TOKEN: list[tuple[dict[str, object], str]] = [
    ({"identifier": REQUEST.identifier + 1}, "another identifier"),
    ({"units": 124}, "another amount"),
    ({"meter": "00000000018"}, "another meter"),
    ({"tariff_index": 2}, "another tariff index"),
    ({"subclass": 1}, "another subclass"),
    ({"supply_group": "123458", "key_revision": 1}, "another supply group"),
]


@pytest.mark.parametrize(("changes", "reason"), OTHER_TOKEN)
def test_token_is_not_given_out_when_it_is_another_than_was_asked_for(
    bench: PrismBench, changes: dict[str, object], reason: str
) -> None:
    """Under one message id the service holds the token of another request."""
    issued(bench, REQUEST)
    with pytest.raises(VendorFault, match=reason):
        bench.vendor.issue(changed(**changes))
    assert len(bench.made()) == 1


def test_token_is_not_given_out_when_its_key_has_another_check_value(bench: PrismBench) -> None:
    selling = msgspec.structs.replace(bench.service.keys()[2], check_value="000000")
    vendor = vendor_for(bench, keys=[selling])
    with pytest.raises(VendorFault, match="another key check value"):
        vendor.issue(REQUEST)
    vendor.close()


def test_key_change_is_not_given_out_when_it_leads_elsewhere(
    bench: PrismBench,
) -> None:
    """Under one message id the service holds a change to another tariff index."""
    here = KeyPlace("123456", 2, 1, 2, 2014)
    there = msgspec.structs.replace(here, tariff_index=3)
    other = msgspec.structs.replace(here, tariff_index=4)
    first = KeyChangeRequest("move", REQUEST.meter, "07", here, there, 2)
    assert isinstance(bench.vendor.change_key(first), list)
    with pytest.raises(VendorFault, match="another new key"):
        bench.vendor.change_key(msgspec.structs.replace(first, new=other))
    with pytest.raises(VendorFault, match="2 tokens where 3 were wanted"):
        bench.vendor.change_key(msgspec.structs.replace(first, tokens=3))


def test_identifier_of_the_journal_decides_when_the_service_would_take_the_next(
    bench: PrismBench,
) -> None:
    """The service moves on from a minute that the meter has had: that token is not sold."""
    issued(bench, REQUEST)
    with pytest.raises(VendorFault, match="another identifier"):
        bench.vendor.issue(changed(message_id="sale0000000002"))


#: What the service answers to the issue, and what the till is told.
ERRORS: list[tuple[str, Refusal | None]] = [
    (
        "ESts.VkExpired",
        Refusal("vending_key_expired", {"supply_group": "123456", "key_revision": 2}),
    ),
    ("ESts.VkBeforeBdt", Refusal("clock_before_base_date", {"base_date": 2014})),
    ("ESts.DrnOrPan", Refusal("bad_meter_number", {"text": "00000000000", "digits": 11})),
    ("ESts.DrnOrPan.CheckDigit", Refusal("bad_meter_check_digit", {"number": "00000000000"})),
    ("EParamRange", Refusal("module_refused", {"code": "EParamRange", "text": "because"})),
    (
        "EAuthentication.Permission",
        Refusal("module_refused", {"code": "EAuthentication.Permission", "text": "because"}),
    ),
    ("EService", None),
    ("ESm", None),
    ("ENew", None),
]


@pytest.mark.parametrize(("code", "refusal"), ERRORS)
def test_error_code_is_a_refusal_or_a_fault_when_the_service_answers_with_it(
    bench: PrismBench, monkeypatch: pytest.MonkeyPatch, code: str, refusal: Refusal | None
) -> None:
    answer = ApiError(code, "because\r\n")
    monkeypatch.setattr(bench.service.module, "_issue", lambda *_arguments: answer)
    if refusal is not None:
        assert bench.vendor.issue(REQUEST) == refusal
    else:
        with pytest.raises(VendorFault, match=f"in trouble: {code} because"):
            bench.vendor.issue(REQUEST)


def test_key_of_the_service_is_unknown_here_when_its_store_lacks_it(bench: PrismBench) -> None:
    named = msgspec.structs.replace(bench.service.keys()[2], key_revision=5)
    vendor = vendor_for(bench, keys=[named])
    answer = vendor.issue(changed(key_revision=5))
    assert isinstance(answer, Refusal)
    assert answer.code == "vending_key_unknown"
    vendor.close()


def test_token_is_still_fetched_when_its_key_is_no_longer_named(bench: PrismBench) -> None:
    first = bench.vendor.issue(REQUEST)
    vendor = vendor_for(bench, keys=bench.service.keys()[:1])
    assert vendor.issue(REQUEST) == first
    vendor.close()


def test_message_id_is_refused_when_the_service_could_not_take_it(bench: PrismBench) -> None:
    answer = bench.vendor.issue(changed(message_id="sale 1"))
    assert isinstance(answer, Refusal)
    assert answer.details["field"] == "message_id"


# --- secrets ----------------------------------------------------------------------------------


def test_no_secret_shows_when_everything_is_printed_and_logged(
    bench: PrismBench, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        issued(bench, REQUEST)
        bench.lose("garbage", "issueCreditToken")
        with suppress(VendorFault):
            bench.vendor.issue(changed(message_id="sale0000000002", identifier=77))
        logging.getLogger("test").info("%r %r %r", ACCOUNT, bench.driver, KEYS)
    shown = caplog.text + repr(bench.service.keys()) + repr(vars(bench.driver)["_account"])
    for secret in (ACCOUNT.password, PUBLISHED_KEY.hex(), repr(PUBLISHED_KEY)[2:-1]):
        assert secret not in shown


def test_password_is_read_when_only_its_owner_can(tmp_path: Path) -> None:
    path = tmp_path / "prism-password"
    path.write_text("correct horse\n")
    path.chmod(0o640)
    assert password_in(path) == "correct horse"
    path.chmod(0o644)
    with pytest.raises(BadInput, match="everybody"):
        password_in(path)
    os.truncate(path, 0)
    path.chmod(0o600)
    with pytest.raises(BadInput, match="one line"):
        password_in(path)
    with pytest.raises(BadInput, match="cannot be read"):
        password_in(tmp_path / "none")


def test_an_answer_that_lacks_a_field_is_a_fault_when_it_is_read(
    bench: PrismBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued(bench, REQUEST)
    (issue,) = bench.service.module.issues()
    partial = {name: value for name, value in _camel(issue.tokens[0]).items() if name != "tokenDec"}
    monkeypatch.setattr(bench.service.module, "_fetch", lambda _message_id: [partial])
    with pytest.raises(VendorFault, match="left out a part"):
        bench.vendor.issue(REQUEST)


def _camel(token: IssuedToken) -> dict[str, object]:
    return dict(msgspec.to_builtins(token))
