"""Every setting once: its section, its default and its sentence. kiosk.toml is written from here.

A file may leave out what it does not change. Anything that is not a setting is refused with file,
line and the nearest known name, because a mistyped limit that is silently ignored costs money.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec

from kiosk.errors import ConfigFault

Meta = msgspec.Meta


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where this machine stands and what it does."""

    mode: Annotated[
        Literal["rehearsal", "real"],
        Meta(description="rehearsal sells to simulated meters in books of its own; real sells."),
    ] = "rehearsal"
    face: Annotated[
        Literal["self-service", "cashier", "technician"],
        Meta(description="The face that `kiosk` starts when no --mode is given."),
    ] = "self-service"
    utility: Annotated[str, Meta(description="The seller's name, on every slip.")] = (
        "Riverside Electricity"
    )
    hall: Annotated[
        str, Meta(description="Name and place of this payment hall, on every slip.")
    ] = "Market Hall"
    terminal: Annotated[
        str,
        Meta(description="This terminal's name upstream; empty: made when the home is opened."),
    ] = ""
    currency: Annotated[str, Meta(description="ISO 4217 letters of the money taken here.")] = "ZAR"
    language: Annotated[str, Meta(description="The language that the faces start in.")] = "en"
    timezone: Annotated[
        str, Meta(description="Zone name for dates on screen and paper; books keep UTC.")
    ] = "UTC"
    footer: Annotated[str, Meta(description="Last line of every slip.")] = "Thank you."


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When selling stops before money is taken."""

    free_space_reserve_mib: Annotated[
        int, Meta(ge=0, description="Below this much free disk no money is taken (MiB).")
    ] = 64
    quote_life_s: Annotated[
        int, Meta(ge=10, description="A quote older than this is made again before it is paid (s).")
    ] = 120
    price_grace_days: Annotated[
        int, Meta(ge=0, description="Days that prices are sold at after their use-by (d).")
    ] = 7


class Accounts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Customers' accounts, debts and corrections."""

    spend_uncleared: Annotated[
        bool,
        Meta(description="Money by cheque, transfer or e-payment may be spent before it clears."),
    ] = False
    clear_alone: Annotated[
        bool,
        Meta(
            description="Whoever wrote a cheque, transfer or e-payment down may also say that the"
            " bank has paid."
        ),
    ] = False
    interest_ppm_per_month: Annotated[
        int,
        Meta(ge=0, le=100_000, description="Interest on overdue debt (millionths; 10000 = 1 %)."),
    ] = 0
    interest_after_days: Annotated[
        int, Meta(ge=0, le=3650, description="A debt is overdue when it is older (days).")
    ] = 30
    rerate_to: Annotated[
        Literal["customer", "utility"],
        Meta(description="Who bears the difference when a sale at old prices is priced again."),
    ] = "customer"


class Faces(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a customer may think."""

    idle_s: Annotated[
        int, Meta(ge=20, description="Seconds without a key before the kiosk starts over.")
    ] = 60
    more_time_s: Annotated[
        int, Meta(ge=5, description="Seconds before that at which it asks: more time?")
    ] = 20
    card_left_s: Annotated[
        int, Meta(ge=10, description="Seconds after which a card left in the kiosk is locked.")
    ] = 60
    card_back_s: Annotated[
        int, Meta(ge=5, description="Seconds to wait for a card pulled out while it was written.")
    ] = 60
    staff_idle_s: Annotated[
        int, Meta(ge=30, description="Seconds without a key before an operator is signed out.")
    ] = 300


class CardSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The card reader."""

    driver: Annotated[
        Literal["simulated", "pcsc", "serial", "none"],
        Meta(
            description="simulated (rehearsal), pcsc (a reader behind pcscd), serial (a CCID reader"
            " on a serial port) or none."
        ),
    ] = "simulated"
    reader: Annotated[
        str, Meta(description="Name of the reader behind pcscd, or a part of it; empty: the first.")
    ] = ""
    port: Annotated[
        str, Meta(description="Serial port of a serial reader, best by id: /dev/serial/by-id/...")
    ] = ""
    baud: Annotated[int, Meta(ge=1200, description="Speed of a serial reader (bit/s).")] = 9600
    module: Annotated[
        Literal["software", "sam", "none"],
        Meta(
            description="Keys of the cards: software (published test keys, rehearsal only), sam (a"
            " security module in a second reader) or none (cards without keys)."
        ),
    ] = "software"
    module_reader: Annotated[
        str, Meta(description="Name of the reader that the sam sits in, behind pcscd.")
    ] = ""
    apdu_timeout_s: Annotated[
        int, Meta(ge=1, description="A card that is silent for longer is taken as mute (s).")
    ] = 3
    reissue_fee_minor: Annotated[
        int, Meta(ge=0, description="What another card costs, tax included, in minor units.")
    ] = 5000


class Cash(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The note acceptor."""

    driver: Annotated[
        Literal["simulated", "cctalk", "none"],
        Meta(description="simulated (rehearsal), cctalk on a serial port, or none."),
    ] = "simulated"
    port: Annotated[
        str, Meta(description="Serial port of the acceptor, best by id: /dev/serial/by-id/...")
    ] = ""
    notes: Annotated[
        tuple[int, ...],
        Meta(description="Notes that the simulated acceptor knows, in major units."),
    ] = (10, 20, 50, 100, 200)


class PrinterSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The slip printer."""

    driver: Annotated[
        Literal["simulated", "network", "device", "file", "none"],
        Meta(
            description="simulated (rehearsal), network (TCP 9100), device (/dev/usb/lp0),"
            " file (a folder) or none."
        ),
    ] = "simulated"
    host: Annotated[str, Meta(description="Address of a network printer.")] = ""
    port: Annotated[int, Meta(ge=1, le=65535, description="Its TCP port.")] = 9100
    path: Annotated[str, Meta(description="Device node, or folder of the file printer.")] = ""
    profile: Annotated[
        str, Meta(description="Capability profile of python-escpos, for example TM-T20II.")
    ] = "default"
    columns: Annotated[int, Meta(ge=24, le=64, description="Characters a line.")] = 42
    timeout_s: Annotated[
        int, Meta(ge=1, description="A printer that is silent for longer is offline (s).")
    ] = 5
    roll_lines: Annotated[int, Meta(ge=1, description="Lines on a new roll of paper.")] = 4000
    warn_lines: Annotated[
        int, Meta(ge=0, description="Staff are warned when fewer lines are left.")
    ] = 200


class Vending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The security module that makes tokens. No key and no password ever stands in this file."""

    module: Annotated[
        Literal["software", "prism", "sts600"],
        Meta(
            description="software (sealed key file), prism (TokenApi over TLS) or sts600"
            " (module on a serial port)."
        ),
    ] = "software"
    module_id: Annotated[
        str, Meta(description="Name of the software module: key files are sealed for it alone.")
    ] = "hall"
    key_file: Annotated[
        str,
        Meta(description="Sealed keys of the software module; empty: keys/vending.keys at home."),
    ] = ""
    credential_file: Annotated[
        str,
        Meta(
            description="File with what opens the key file (32 bytes, or a passphrase), or with"
            " the Prism password; best a credential of the service manager."
        ),
    ] = ""
    host: Annotated[str, Meta(description="IP address of the Prism service.")] = ""
    port: Annotated[int, Meta(ge=1, le=65535, description="Its TCP port.")] = 9443
    certificate_sha256: Annotated[
        str, Meta(description="Fingerprint of the one certificate that the service may show.")
    ] = ""
    realm: Annotated[str, Meta(description="Realm of the Prism user.")] = "local"
    username: Annotated[str, Meta(description="Name of the Prism user.")] = ""
    keys: Annotated[
        tuple[str, ...],
        Meta(
            description="Keys of the Prism service, each as 123456/1/2/2014/07/255/c33f45: group,"
            " revision, type, base date, algorithm, expiry, check value."
        ),
    ] = ()
    serial_port: Annotated[
        str, Meta(description="Serial port of the sts600, best by id: /dev/serial/by-id/...")
    ] = ""
    registers: Annotated[
        tuple[int, ...], Meta(description="Its key registers, in the order of their use.")
    ] = (1,)
    timeout_s: Annotated[
        int, Meta(ge=4, description="A module that is silent for longer has not answered (s).")
    ] = 10


class Store(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger on the disk: how it is locked, copied, checked and kept small."""

    lock: Annotated[
        Literal["none", "passphrase", "credential"],
        Meta(
            description="How a new home is sealed: none (plain), passphrase, or credential of the"
            " service manager. `kiosk store` changes it later."
        ),
    ] = "none"
    credential: Annotated[
        str,
        Meta(
            description="Name of that credential under $CREDENTIALS_DIRECTORY; at least 32 bytes."
        ),
    ] = "payment-hall-store"
    second_medium: Annotated[
        str,
        Meta(description="Folder on another disk that gets a copy of every entry; empty: none."),
    ] = ""
    second_medium_required: Annotated[
        bool, Meta(description="Sell nothing while the second medium is missing.")
    ] = False
    backup_folder: Annotated[
        str, Meta(description="Folder that gets a backup every night; empty: none.")
    ] = ""
    backups_kept: Annotated[int, Meta(ge=1, description="How many of them are kept.")] = 7
    ballast_mib: Annotated[
        int,
        Meta(
            ge=0,
            description="Space given back when the disk is nearly full, so that open sales end"
            " (MiB).",
        ),
    ] = 32
    log_alarm_mib: Annotated[
        int, Meta(ge=1, description="The write-ahead log is too large from here on (MiB).")
    ] = 16
    retention_days: Annotated[
        int, Meta(ge=2, description="Entries younger than this are never archived (days).")
    ] = 400
    full_check_idle_min: Annotated[
        int,
        Meta(
            ge=0,
            description="Minutes without a key after which the whole ledger is checked, once a"
            " night; 0: never.",
        ),
    ] = 15
    full_check_from_hour: Annotated[
        int, Meta(ge=0, le=23, description="The hour from which it is night (local time).")
    ] = 1
    full_check_to_hour: Annotated[
        int, Meta(ge=1, le=24, description="The hour at which it is no longer night.")
    ] = 5


# A limit in a file that lies open is no limit: a tolerance of years would end no lease and no wait.
class ClockSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far the clock of this machine is believed."""

    back_tolerance_s: Annotated[
        int, Meta(ge=0, le=3600, description="It may go back by this without anybody asking (s).")
    ] = 5
    upstream_tolerance_s: Annotated[
        int,
        Meta(
            ge=1, le=3600, description="It may differ by this from the signed time of upstream (s)."
        ),
    ] = 120
    ahead_limit_days: Annotated[
        int,
        Meta(
            ge=0,
            description="Longer after the last known time it is not believed before upstream or"
            " two persons confirm it (days); 0: always believed. A rehearsal believes it.",
        ),
    ] = 30


class Upstream(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The line to the centre above."""

    url: Annotated[
        str,
        Meta(description="Address of the centre; empty: none (a rehearsal starts its own)."),
    ] = ""
    ca_file: Annotated[
        str, Meta(description="Certificate authority that the centre must show; empty: system.")
    ] = ""
    timeout_s: Annotated[int, Meta(ge=1, description="An answer later than this is lost (s).")] = 10
    retry_first_s: Annotated[
        int, Meta(ge=1, description="Wait after the first failure; doubles each time (s).")
    ] = 1
    retry_longest_s: Annotated[int, Meta(ge=1, description="The longest such wait (s).")] = 60


class Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Customers and meters: the system dictionary, and what becomes of a balance."""

    balance_as: Annotated[
        Literal["energy", "money"],
        Meta(
            description="What is left in a replaced keypad meter moves as energy (a token) or as"
            " money; a card meter always gets money."
        ),
    ] = "energy"
    customer_classes: Annotated[
        tuple[str, ...], Meta(description="Classes of customers that forms offer.")
    ] = ("household", "shop", "farm", "public")
    areas: Annotated[tuple[str, ...], Meta(description="Areas that forms offer.")] = (
        "north", "south", "east", "west",
    )  # fmt: skip
    reasons: Annotated[tuple[str, ...], Meta(description="Reasons that forms offer.")] = (
        "customer asked", "typed wrongly", "meter defective", "supply changed",
    )  # fmt: skip


class Rehearsal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The utility that a rehearsal plays."""

    customers: Annotated[
        int, Meta(ge=2, le=100_000, description="Customers of the rehearsal utility.")
    ] = 240
    centre: Annotated[
        bool, Meta(description="Start a centre on loopback and send everything to it.")
    ] = True


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of kiosk.toml."""

    site: Site = Site()
    limits: Limits = Limits()
    faces: Faces = Faces()
    card: CardSettings = CardSettings()
    cash: Cash = Cash()
    printer: PrinterSettings = PrinterSettings()
    vending: Vending = Vending()
    upstream: Upstream = Upstream()
    accounts: Accounts = Accounts()
    store: Store = Store()
    clock: ClockSettings = ClockSettings()
    registry: Registry = Registry()
    rehearsal: Rehearsal = Rehearsal()


def load(path: Path | None) -> Settings:
    """The settings in `path`, or the defaults for None. ConfigFault: file, line, what to do."""
    if path is None:
        return Settings()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigFault(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ConfigFault(f"{path}: is not UTF-8 text (byte {error.start}).") from error
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigFault(f"{path}: is not TOML: {error}.") from error
    _known(path, text, tables)
    try:
        return msgspec.convert(tables, Settings)
    except msgspec.ValidationError as error:
        raise ConfigFault(_wrong_value(path, text, str(error))) from error


def write_default() -> str:
    """The text of kiosk.toml: every setting with its sentence and default."""
    parts = [
        "# kiosk.toml: every setting of this machine, with its default. Delete what you do not",
        "# change, or leave it. `kiosk doctor` says what is wrong with it.",
    ]
    for section in msgspec.structs.fields(Settings):
        kind = type(section.default)
        parts += ["", f"# {kind.__doc__}", f"[{section.name}]"]
        for name, value, sentence in _fields(kind):
            parts += [f"# {sentence}", f"{name} = {_toml(value)}"]
    return "\n".join(parts) + "\n"


def _fields(kind: type[msgspec.Struct]) -> list[tuple[str, Any, str]]:
    hints = get_type_hints(kind, include_extras=True)
    found = []
    for field in msgspec.structs.fields(kind):
        meta = next(part for part in get_args(hints[field.name]) if isinstance(part, msgspec.Meta))
        default = (
            field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
        )
        found.append((field.name, default, meta.description or ""))
    return found


def _toml(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _known(path: Path, text: str, tables: dict[str, Any]) -> None:
    sections = {field.name: type(field.default) for field in msgspec.structs.fields(Settings)}
    for section, content in tables.items():
        if section not in sections:
            raise ConfigFault(_unknown(path, text, f"[{section}]", section, list(sections)))
        if not isinstance(content, dict):
            raise ConfigFault(f"{path}, line {_line(text, section)}: [{section}] must be a table.")
        names = list(sections[section].__struct_fields__)
        for name in content:
            if name not in names:
                shown = f"{name} in [{section}]"
                raise ConfigFault(_unknown(path, text, shown, name, names, section))


def _unknown(
    path: Path, text: str, shown: str, name: str, names: list[str], section: str = ""
) -> str:
    near = difflib.get_close_matches(name, names, n=1, cutoff=0)
    return (
        f"{path}, line {_line(text, name, section)}: {shown} is no setting; did you mean {near[0]}?"
    )


def _wrong_value(path: Path, text: str, error: str) -> str:
    """Msgspec says "... - at `$.printer.port`"; a technician wants the line."""
    reason, _, where = error.partition(" - at `$.")
    section, _, name = where.rstrip("`").partition(".")
    name = name.partition("[")[0]
    return f"{path}, line {_line(text, name or section, section)}: {name or section}: {reason}."


def _line(text: str, name: str, section: str = "") -> int:
    """The line on which `name` is set; inside `section` when it is given."""
    inside = not section
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare.startswith("["):
            header = bare.partition("]")[0].strip("[ '\"")
            inside = section in {"", header}
            if inside and header == name:
                return number
        key = bare.partition("=")[0].strip(" '\"")
        if key == f"{section}.{name}" or (inside and key == name):
            return number
    return 1
