"""The MACs of the open layout: made for what is written, checked in what was read."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kiosk.domain.cards import account_area
from kiosk.domain.cards import open as layout
from kiosk.domain.cards.image import CardImage, PlainWrite
from kiosk.errors import BadInput, CardForged
from kiosk.ports import SecurityModule

_MAC_BYTES = 8
_MAC_AT = {
    layout.IDENTITY: 39,
    layout.PURCHASE: 31,
    layout.WRITE_BACK: 31,
    account_area.FIRST_SLOT: 39,
    account_area.SECOND_SLOT: 39,
}

#: Files that are good for one issue of a card only.
_WITH_ISSUE = {layout.PURCHASE, account_area.FIRST_SLOT, account_area.SECOND_SLOT}


def mac_input(file: int, content: bytes, issue: bytes) -> bytes:
    """What a MAC is made over: file number, content, and the issue of what a seller writes."""
    assert len(content) == _MAC_AT[file], file
    return bytes([file]) + content + (issue if file in _WITH_ISSUE else b"")


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
    """The writes with every MAC among them filled in, each over the content written before it.

    BadInput, before anything is written, without a module or without a content to seal.
    """
    if not any(write.sealed for write in writes):
        return list(writes)
    contents = {write.file: write.data for write in writes if write.address == 0}
    if module is None or any(write.sealed and write.file not in contents for write in writes):
        raise BadInput("This card needs a security module to be written; nothing was written.")
    macs = {
        file: module.content_mac(family, serial, mac_input(file, content, issue))
        for file, content in contents.items()
    }
    return [msgspec.structs.replace(w, data=macs[w.file]) if w.sealed else w for w in writes]


def check_macs(module: SecurityModule | None, image: CardImage) -> CardImage:
    """The image, if every MAC on it is right or it is of a profile without keys.

    What does not count is not checked: an unfinished purchase or write-back, an unused account.
    CardForged with the image as evidence if one is wrong (E16).
    """
    identity = image.files[layout.IDENTITY]
    if module is None or identity[39:47] == bytes(_MAC_BYTES):
        return image
    for file, content in image.files.items():
        place = _MAC_AT[file]
        if content[-1:] != layout.VALID:
            continue
        wanted = module.content_mac(
            image.family, image.serial, mac_input(file, content[:place], identity[2:4])
        )
        if wanted != content[place : place + _MAC_BYTES]:
            raise CardForged(
                f"The card is not to be trusted: file {file} is not as written.", image
            )
    return image
