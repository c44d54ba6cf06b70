"""What every security module for cards must do, whoever made it and wherever it sits.

The answers are compared with what docs/cards.md says, computed here from the primitives alone.
"""

from __future__ import annotations

from typing import Protocol

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from kiosk.errors import BadInput, VendorFault
from kiosk.ports import SecurityModule

MASTER = bytes.fromhex("404142434445464748494A4B4C4D4E4F")
AMINA, BORIS = "00112233445566aa", "00112233445566bb"
CHALLENGE = bytes.fromhex("0102030405060708")
CMAC_FAMILIES = ("open", "sle4442", "at24", "mifare")
CONTENTS = (b"", b"\2", bytes(range(40)), b"\xff" * 200)


class ModuleBench(Protocol):
    """A module under test with the published test key, and a hand that can silence it."""

    module: SecurityModule

    def silence(self) -> bool:
        """Let it answer no more; False for a module that cannot fall silent."""


def cmac(key: bytes, message: bytes) -> bytes:
    made = CMAC(AES(key))
    made.update(message)
    return made.finalize()


def key_of(serial: str, purpose: int) -> bytes:
    return cmac(MASTER, bytes([purpose]) + bytes.fromhex(serial))


def des(key: bytes, block: bytes) -> bytes:
    whole = {8: key * 3, 16: key + key[:8]}[len(key)]
    way = Cipher(TripleDES(whole), modes.ECB()).encryptor()
    return way.update(block) + way.finalize()


def grid_key(serial: str) -> bytes:
    raw = bytes.fromhex(serial)
    return des(MASTER, raw) + des(MASTER, bytes(byte ^ 0xFF for byte in raw))


class SecurityModuleSuite:
    @pytest.fixture
    def bench(self) -> ModuleBench:
        raise NotImplementedError

    def test_it_has_a_name_when_the_journal_asks(self, bench: ModuleBench) -> None:
        assert bench.module.name

    @pytest.mark.parametrize("family", CMAC_FAMILIES)
    def test_its_macs_are_those_of_the_document_when_contents_are_sealed(
        self, bench: ModuleBench, family: str
    ) -> None:
        for serial in (AMINA, BORIS):
            for content in CONTENTS:
                made = bench.module.content_mac(family, serial, content)
                assert made == cmac(key_of(serial, 1), content)[:8]

    @pytest.mark.parametrize("family", CMAC_FAMILIES)
    def test_both_sides_prove_themselves_when_the_keys_are_right(
        self, bench: ModuleBench, family: str
    ) -> None:
        ask, key = bench.module, key_of(AMINA, 2)
        ours = cmac(key, b"E" + CHALLENGE + bytes.fromhex(AMINA))[:8]
        theirs = cmac(key, b"I" + CHALLENGE + bytes.fromhex(AMINA))[:8]
        assert ask.answer_to_card(family, AMINA, CHALLENGE) == ours
        assert ask.is_genuine(family, AMINA, CHALLENGE, theirs)

    @pytest.mark.parametrize("family", [*CMAC_FAMILIES, "state-grid"])
    def test_a_stranger_is_not_genuine_when_it_answers_anything_else(
        self, bench: ModuleBench, family: str
    ) -> None:
        key = key_of(AMINA, 2)
        right = cmac(key, b"I" + CHALLENGE + bytes.fromhex(AMINA))[:8]
        wrong = [bytes(8), right[:7], right + b"\0", b"", cmac(key, b"E" + CHALLENGE)[:8]]
        wrong += [right] if family == "state-grid" else []
        for answer in wrong:
            assert not bench.module.is_genuine(family, AMINA, CHALLENGE, answer)
        assert not bench.module.is_genuine(family, BORIS, CHALLENGE, right)
        assert not bench.module.is_genuine(family, AMINA, CHALLENGE[::-1], right)

    def test_a_state_grid_card_is_answered_under_its_own_key(self, bench: ModuleBench) -> None:
        made = des(grid_key(AMINA), CHALLENGE)
        assert bench.module.answer_to_card("state-grid", AMINA, CHALLENGE) == made
        assert bench.module.is_genuine("state-grid", AMINA, CHALLENGE, made)

    @pytest.mark.parametrize("length", [1, 3, 7, 8, 45])
    def test_a_command_is_bound_to_its_challenge_when_it_is_sealed(
        self, bench: ModuleBench, length: int
    ) -> None:
        command, key = bytes.fromhex("04D6810008") + b"\x5a" * length, grid_key(AMINA)
        padded = command + b"\x80" + bytes(-(len(command) + 1) % 8)
        for challenge in (CHALLENGE[:4], CHALLENGE):
            chain = challenge.ljust(8, b"\0")
            for place in range(0, len(padded), 8):
                block = int.from_bytes(padded[place : place + 8], "big")
                mixed = (int.from_bytes(chain, "big") ^ block).to_bytes(8, "big")
                chain = des(key if place + 8 == len(padded) else key[:8], mixed)
            made = bench.module.command_mac("state-grid", AMINA, challenge, command)
            assert made == chain[:4]

    @pytest.mark.parametrize(("family", "length"), [("sle4442", 3), ("mifare", 6)])
    def test_the_code_of_a_memory_card_is_its_own(
        self, bench: ModuleBench, family: str, length: int
    ) -> None:
        codes = {bench.module.access_code(family, serial, length) for serial in (AMINA, BORIS)}
        assert codes == {key_of(serial, 3)[:length] for serial in (AMINA, BORIS)}

    def test_the_family_is_named_when_there_is_no_key_for_it(self, bench: ModuleBench) -> None:
        with pytest.raises(BadInput, match="felica"):
            bench.module.content_mac("felica", AMINA, b"")

    def test_it_is_a_vendor_fault_when_the_module_is_silent(self, bench: ModuleBench) -> None:
        if not bench.silence():
            assert bench.module.content_mac("open", AMINA, b""), "software cannot fall silent"
            return
        with pytest.raises(VendorFault):
            bench.module.content_mac("open", AMINA, b"")
        with pytest.raises(VendorFault):
            bench.module.is_genuine("open", AMINA, CHALLENGE, bytes(8))
