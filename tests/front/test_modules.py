"""The security module that kiosk.toml names, through whole sales: software, Prism over TLS, and a
serial STS600-8-6; with the reply lost in the middle of a sale (E06)."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from drivers.vending.keyfile import Cost, sealed
from drivers.vending.prism.prism import PrismVendor
from drivers.vending.prism.settings import PrismAccount
from drivers.vending.prism.sim import SimulatedPrism
from drivers.vending.sts600.sim import SimulatedSts600
from drivers.vending.vending_key import VendingKey, rehearsal_keys
from kiosk.domain.registry import luhn_digit
from tests.front.conftest import TOML, Kiosk, a_meter, is_one_sentence

ACCOUNT = PrismAccount("local", "hall-7", "correct horse battery")
PASSPHRASE = "a long passphrase of the hall"
CREDENTIAL = "what the service manager hands over"
CHEAP = Cost(memory_kib=64, passes=1)

Configure = Callable[..., None]


@pytest.fixture
def configure(tmp_path: Path, kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """A home of this test alone, with these settings of [vending]."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("KIOSK_HOME", str(home))
    defaults = PrismVendor.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "settle_s", 0.05)

    def write(**settings: object) -> None:
        lines = [f"{name} = {_toml(value)}" for name, value in settings.items()]
        (home / "kiosk.toml").write_text("\n".join([TOML, "[vending]", *lines, ""]))

    return write


def _toml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.fixture
def prism(tmp_path: Path) -> Iterator[SimulatedPrism]:
    service = SimulatedPrism(tmp_path / "service", rehearsal_keys(), ACCOUNT)
    yield service
    with suppress(OSError):
        service.close()


@pytest.fixture
def serial(tmp_path: Path) -> Iterator[SimulatedSts600]:
    module = SimulatedSts600(tmp_path / "module", {3: rehearsal_keys()[0]})
    yield module
    module.close()


def use_prism(configure: Configure, service: SimulatedPrism, folder: Path, **other: object) -> None:
    password = folder / "prism.password"
    password.write_text(ACCOUNT.password)
    password.chmod(0o600)
    settings: dict[str, object] = {
        "module": "prism", "host": service.address.host, "port": service.address.port,
        "certificate_sha256": service.address.certificate_sha256, "realm": ACCOUNT.realm,
        "username": ACCOUNT.username, "credential_file": str(password),
        "keys": ["123456/1/2/2014/07/255/c33f45"], "timeout_s": 4,
    }  # fmt: skip
    configure(**settings | other)


def sell(kiosk: Kiosk, meter: str) -> tuple[str, str]:
    """The state and the token of a sale of 30."""
    done = kiosk("sell", "--meter", meter, "--amount", "30", "--json").json
    return done["state"], done["token"]


def taken(kiosk: Kiosk, meter: str, token: str) -> str:
    return str(kiosk("rehearse", "meter", "enter", meter, token, "--json").json["result"])


# --- software -------------------------------------------------------------------------------------


def use_file(configure: Configure, folder: Path, secret: str = CREDENTIAL) -> None:
    credential = folder / "credential"
    credential.write_text(secret)
    credential.chmod(0o600)
    configure(key_file=str(folder / "vending.keys"), credential_file=str(credential))


def key_file(folder: Path) -> Path:
    path = folder / "from-the-office.vk"
    path.write_bytes(sealed(rehearsal_keys(), module="hall", secret=PASSPHRASE, cost=CHEAP))
    return path


def test_tokens_come_from_the_sealed_key_file_when_its_credential_opens_it(
    kiosk: Kiosk, configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_file(configure, tmp_path)
    meter = a_meter(kiosk, "keypad")
    is_one_sentence(kiosk("sell", "--meter", meter, "--amount", "30"), 1, "no vending key")
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSPHRASE}\n"))
    assert "are in force" in kiosk("keys", "import", key_file(tmp_path)).out
    state, token = sell(kiosk, meter)
    assert (state, taken(kiosk, meter, token)) == ("delivered", "accepted")
    use_file(configure, tmp_path, "another credential of 32 letters")
    done = kiosk("sell", "--meter", meter, "--amount", "30")
    is_one_sentence(done, 1, "vending.keys")
    use_file(configure, tmp_path)
    assert len(kiosk("tokens", "list", "--json").json) == 1


def test_a_hand_types_on_a_meter_of_an_imported_key_that_is_not_published(
    kiosk: Kiosk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = VendingKey("654321", 3, 2, 2014, "07", "02", bytes.fromhex("0123456789abcdef"))
    path = tmp_path / "group.vk"
    path.write_bytes(sealed([secret], module="hall", secret=PASSPHRASE, cost=CHEAP))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSPHRASE}\n"))
    assert "are in force" in kiosk("keys", "import", path).out
    account = kiosk("customers", "--json").json[0]["account"]
    meter = "1200006543" + luhn_digit("1200006543")
    install = ("meters", "install", account, "--meter", meter, "--power-type", "home")
    assert kiosk(*install, "--supply-group", "654321").exit == 0
    state, token = sell(kiosk, meter)
    assert (state, taken(kiosk, meter, token)) == ("delivered", "accepted")


# --- Prism ----------------------------------------------------------------------------------------


def test_tokens_come_over_tls_when_the_module_is_a_prism_service(
    kiosk: Kiosk, configure: Configure, prism: SimulatedPrism, tmp_path: Path
) -> None:
    use_prism(configure, prism, tmp_path)
    meter = a_meter(kiosk, "keypad")
    state, token = sell(kiosk, meter)
    assert (state, taken(kiosk, meter, token)) == ("delivered", "accepted")
    (issue,) = prism.module.issues()
    assert issue.tokens[0].token_dec == token


@pytest.mark.parametrize("loss", ["after_act", "half_reply", "garbage", "before_act"])
def test_one_token_is_made_when_the_reply_is_lost_in_the_middle_of_a_sale_E06(
    kiosk: Kiosk, configure: Configure, prism: SimulatedPrism, tmp_path: Path, loss: str
) -> None:
    use_prism(configure, prism, tmp_path)
    meter = a_meter(kiosk, "keypad")
    prism.lose(loss, "issueCreditToken")  # type: ignore[arg-type]
    state, token = sell(kiosk, meter)
    assert (state, taken(kiosk, meter, token)) == ("delivered", "accepted")
    assert [issue.tokens[0].token_dec for issue in prism.module.issues()] == [token]


def test_the_same_token_is_fetched_when_the_service_comes_back_after_the_sale(
    kiosk: Kiosk, configure: Configure, prism: SimulatedPrism, tmp_path: Path
) -> None:
    use_prism(configure, prism, tmp_path)
    meter = a_meter(kiosk, "keypad")
    for _ in range(3):
        prism.lose("after_act", "issueCreditToken")
        prism.lose("after_act", "fetchTokenResult")
    done = kiosk("sell", "--meter", meter, "--amount", "30")
    assert done.exit == 1
    assert "in doubt" in done.err
    settled = kiosk("recover", "--json").json["settled"]
    assert [sale["state"] for sale in settled] == ["delivered"]
    made = [issue.tokens[0].token_dec for issue in prism.module.issues()]
    assert made == [settled[0]["token"]]
    told = kiosk("sell", "--meter", meter, "--amount", "30")
    assert "An earlier purchase was finished meanwhile." in told.out
    assert " ".join(made[0][n : n + 4] for n in range(0, 20, 4)) in told.out
    again = kiosk("sell", "--meter", meter, "--amount", "30")
    assert "finished meanwhile" not in again.out
    assert kiosk("verify").exit == 0


def test_a_set_is_made_once_when_the_reply_to_its_second_token_is_lost(
    kiosk: Kiosk, configure: Configure, prism: SimulatedPrism, tmp_path: Path
) -> None:
    use_prism(configure, prism, tmp_path)
    meter = a_meter(kiosk, "keypad")
    sale = ("sell", "--meter", meter, "--amount", "30", "--free-kwh", "5", "--reason", "relief")
    kiosk("rehearse", "meter", "show", meter)
    prism.lose("before_act", "fetchTokenResult")
    prism.lose("after_act", "issueCreditToken")
    done = kiosk(*sale, "--json").json
    tokens = [done["token"], done["free"][0]["token"]]
    assert [issue.tokens[0].token_dec for issue in prism.module.issues()] == tokens
    assert [taken(kiosk, meter, token) for token in tokens] == ["accepted"] * 2


def test_nothing_is_sold_when_the_service_shows_another_certificate(
    kiosk: Kiosk, configure: Configure, prism: SimulatedPrism, tmp_path: Path
) -> None:
    use_prism(configure, prism, tmp_path, certificate_sha256="ab" * 32)
    meter = "01470000009"
    done = kiosk("sell", "--meter", meter, "--amount", "30")
    is_one_sentence(done, 1, "another certificate than the pinned one")
    assert prism.module.issues() == []
    use_prism(configure, prism, tmp_path)
    assert kiosk("tokens", "list", "--json").json == []


def test_nothing_is_sold_when_the_service_is_away(
    kiosk: Kiosk, configure: Configure, prism: SimulatedPrism, tmp_path: Path
) -> None:
    use_prism(configure, prism, tmp_path)
    prism.close()
    is_one_sentence(
        kiosk("sell", "--meter", "01470000009", "--amount", "30"), 1, "cannot be reached"
    )


BAD_SETTINGS: list[tuple[dict[str, object], str]] = [
    ({"credential_file": ""}, "credential_file is not set"),
    ({"keys": []}, "keys is empty"),
    ({"keys": ["12345/1"]}, "must be written as 123456/1/2/2014/07/255/c33f45"),
    ({"certificate_sha256": "ab"}, "must have 64 hex digits"),
    ({"host": "prism.example"}, "is not an IP address"),
    ({"realm": "no such realm!"}, "must have 1 to 40 letters"),
]


@pytest.mark.parametrize(("setting", "sentence"), BAD_SETTINGS)
def test_a_setting_is_refused_in_one_sentence_when_it_cannot_be_right(
    kiosk: Kiosk, configure: Configure, prism: SimulatedPrism, tmp_path: Path,
    setting: dict[str, object], sentence: str,
) -> None:  # fmt: skip
    use_prism(configure, prism, tmp_path, **setting)
    is_one_sentence(kiosk("keys", "list"), 1, sentence)


# --- STS600-8-6 -----------------------------------------------------------------------------------


def use_serial(configure: Configure, module: SimulatedSts600, **other: object) -> None:
    settings: dict[str, object] = {
        "module": "sts600", "serial_port": module.path, "registers": [3], "timeout_s": 4
    }  # fmt: skip
    configure(**settings | other)


def test_tokens_come_over_the_serial_line_when_the_module_is_an_sts600(
    kiosk: Kiosk, configure: Configure, serial: SimulatedSts600
) -> None:
    use_serial(configure, serial)
    meter = a_meter(kiosk, "keypad")
    state, token = sell(kiosk, meter)
    assert (state, taken(kiosk, meter, token)) == ("delivered", "accepted")
    assert [vend.token for vend in serial.module.vends()] == [token]


@pytest.mark.parametrize("loss", ["half_reply", "spoiled"])
def test_one_token_goes_out_when_the_serial_reply_is_lost_in_the_middle_of_a_sale_E06(
    kiosk: Kiosk, configure: Configure, serial: SimulatedSts600, loss: str
) -> None:
    use_serial(configure, serial)
    meter = a_meter(kiosk, "keypad")
    serial.lose(loss, "VC")  # type: ignore[arg-type]
    state, token = sell(kiosk, meter)
    assert (state, taken(kiosk, meter, token)) == ("delivered", "accepted")
    identifiers = {vend.identifier for vend in serial.module.vends()}
    assert len(identifiers) == 1
    (row,) = kiosk("tokens", "list", "--json").json
    assert row["tokens"] == [token]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"serial_port": ""}, "set serial_port to its serial port"),
        ({"serial_port": "/dev/no-such-port"}, "no-such-port"),
    ],
)
def test_a_serial_port_is_refused_in_one_sentence_when_it_is_not_there(
    kiosk: Kiosk, configure: Configure, serial: SimulatedSts600,
    setting: dict[str, object], sentence: str,
) -> None:  # fmt: skip
    use_serial(configure, serial, **setting)
    is_one_sentence(kiosk("sell", "--meter", "01470000009", "--amount", "30"), 1, sentence)
