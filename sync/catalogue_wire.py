"""What travels down: the catalogue that a centre signed, and a terminal's signed question for it.

A catalogue is its magic and one msgpack array [centre, content, signature]; the question is a
msgpack array [origin, after, signature]. Decoding is strict and bounded, as in sync.wire.
"""

from __future__ import annotations

import hashlib

import msgspec

from kiosk.ledger.sealing import Signer, is_genuine
from sync.wire import WireFault

#: The last byte is the version of the format.
CATALOGUE_MAGIC = b"PHC\x01"

#: How HTTP names it.
CATALOGUE_TYPE = "application/x-payment-hall-catalogue"

#: A catalogue of some 200 000 customers with everything of theirs.
CATALOGUE_LIMIT_BYTES = 64 * 1024 * 1024

_CATALOGUE_PURPOSE = "payment-hall/catalogue/1"
_REQUEST_PURPOSE = "payment-hall/catalogue-request/1"


class SignedCatalogue(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A catalogue on its way down: `content` as kiosk.domain.catalogue encodes it. `signature` is
    the centre's, over its SHA-256."""

    centre: str
    content: bytes
    signature: bytes


class CatalogueRequest(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """An enrolled terminal asks for the next catalogue after number `after`, and signs that."""

    origin: str
    after: int
    signature: bytes


_ENCODER = msgspec.msgpack.Encoder()
_CATALOGUES = msgspec.msgpack.Decoder(SignedCatalogue)
_CATALOGUE_REQUESTS = msgspec.msgpack.Decoder(CatalogueRequest)


def encode_catalogue(catalogue: SignedCatalogue) -> bytes:
    """The bytes of a signed catalogue, as they travel."""
    return CATALOGUE_MAGIC + _ENCODER.encode(catalogue)


def decode_catalogue(data: bytes) -> SignedCatalogue:
    """The signed catalogue in `data`. Raises WireFault."""
    if len(data) > CATALOGUE_LIMIT_BYTES or not data.startswith(CATALOGUE_MAGIC):
        raise WireFault("This is not a catalogue of a centre.")
    try:
        return _CATALOGUES.decode(data[len(CATALOGUE_MAGIC) :])
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise WireFault(f"The catalogue cannot be read ({error}).") from error


def sign_catalogue(signer: Signer, centre: str, content: bytes) -> SignedCatalogue:
    """`content` signed by the centre."""
    return SignedCatalogue(centre, content, signer.sign(_catalogue_bytes(centre, content)))


def catalogue_is_genuine(public_key: bytes, catalogue: SignedCatalogue) -> bool:
    """Whether the centre with `public_key` signed this catalogue."""
    data = _catalogue_bytes(catalogue.centre, catalogue.content)
    return is_genuine(public_key, catalogue.signature, data)


def _catalogue_bytes(centre: str, content: bytes) -> bytes:
    digest = hashlib.sha256(content).digest()
    return _ENCODER.encode((_CATALOGUE_PURPOSE, centre, digest))


def ask_catalogue(signer: Signer, origin: str, after: int) -> CatalogueRequest:
    """The signed question for the next catalogue: a registry is not for everybody."""
    return CatalogueRequest(origin, after, signer.sign(_asked_bytes(origin, after)))


def encode_catalogue_request(request: CatalogueRequest) -> bytes:
    """The bytes of the question."""
    return _ENCODER.encode(request)


def decode_catalogue_request(data: bytes) -> CatalogueRequest:
    """The question in `data`. Raises WireFault."""
    try:
        return _CATALOGUE_REQUESTS.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise WireFault(f"This asks for no catalogue ({error}).") from error


def catalogue_request_is_genuine(public_key: bytes, request: CatalogueRequest) -> bool:
    """Whether the terminal with `public_key` asks."""
    return is_genuine(public_key, request.signature, _asked_bytes(request.origin, request.after))


def _asked_bytes(origin: str, after: int) -> bytes:
    return _ENCODER.encode((_REQUEST_PURPOSE, origin, after))
