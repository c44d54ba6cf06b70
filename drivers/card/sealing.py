"""The MACs of the open layout: made for what is written, checked in what was read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from drivers.card.session import SecurityModule
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import BadInput, CardUnusable

_MAC_BYTES = 8
_MAC_AT = {layout.IDENTITY: 39, layout.PURCHASE: 31, layout.WRITE_BACK: 31, layout.ACCOUNT: 39}


def mac_input(file: int, content: bytes, issue: bytes) -> bytes:
    """What a file's MAC is made over: its number, its content, and for a purchase the issue."""
    assert len(content) == _MAC_AT[file], file
    return bytes([file]) + content + (issue if file == layout.PURCHASE else b"")


def seal_files(
    module: SecurityModule, family: str, serial: str, files: dict[int, bytes]
) -> dict[int, bytes]:
    """The files of a new card of a profile with keys: every MAC that counts is filled in."""
    issue = files[layout.IDENTITY][2:4]
    sealed = dict(files)
    for file in (layout.IDENTITY, layout.PURCHASE):
        place = _MAC_AT[file]
        mac = module.content_mac(family, serial, mac_input(file, files[file][:place], issue))
        sealed[file] = files[file][:place] + mac + files[file][place + _MAC_BYTES :]
    return sealed


def seal_writes(
    module: SecurityModule | None,
    family: str,
    serial: str,
    issue: bytes,
    writes: Sequence[PlainWrite],
) -> list[PlainWrite]:
    """The writes with the MAC of the purchase among them filled in.

    BadInput, before anything is written, without a module or without a purchase to seal.
    """
    if not any(write.sealed for write in writes):
        return list(writes)
    content = next((w.data for w in writes if (w.file, w.address) == (layout.PURCHASE, 0)), None)
    if module is None or content is None:
        raise BadInput("This card needs a security module to be written; nothing was written.")
    mac = module.content_mac(family, serial, mac_input(layout.PURCHASE, content, issue))
    return [msgspec.structs.replace(w, data=mac) if w.sealed else w for w in writes]


def check_macs(module: SecurityModule | None, image: CardImage) -> CardImage:
    """The image, if every MAC on it is right or it is of a profile without keys (E16).

    What does not count is not checked: an unfinished purchase or write-back, an unused account.
    """
    identity = image.files[layout.IDENTITY]
    if module is None or identity[39:47] == bytes(_MAC_BYTES):
        return image
    for file, place in _MAC_AT.items():
        content = image.files[file]
        if content[-1:] != layout.VALID:
            continue
        wanted = module.content_mac(
            image.family, image.serial, mac_input(file, content[:place], identity[2:4])
        )
        if wanted != content[place : place + _MAC_BYTES]:
            raise CardUnusable(f"The card is damaged: file {file} is not as written.", "damaged")
    return image
