"""The counter of the centre: bundles come in, share a commit, and each gets its signed answer.

While one group is being committed, the next bundles are unpacked and examined; whoever waits by
then is the next group. One bundle an origin goes into a group: a second one is judged against the
head that the first has moved.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from kiosk.domain.entry import Entry
from kiosk.errors import KioskError, StoreFault
from kiosk.ledger.sealing import Signer
from sync import catalogue_wire, sealed, wire
from sync.centre import intake, revocations
from sync.centre.holdings import Holdings, Identity
from sync.centre.intake import Checked, Taken, Verdict
from sync.centre.revocations import Revocations

#: Bundles that share one commit. With a limit, those beyond it are examined while it is written.
GROUP = 16

#: Bundles that are worth a second commit beside the one under way: small ones cost twice an entry.
WORTH_A_COMMIT = 12

#: A page of entries that go back to their origin.
_BUNDLE_BYTES = 1024 * 1024
_ENTRIES = msgspec.msgpack.Decoder(Entry)

Waiting = tuple[Checked, "asyncio.Future[Verdict]"]


class Keys(msgspec.Struct, frozen=True):
    """The centre's two keys: one signs what it says, the other opens what is sealed to it."""

    signer: Signer
    box: X25519PrivateKey


class Reception:
    """Takes bundles and answers them. `now_ms` is the centre's clock, UTC milliseconds."""

    def __init__(
        self,
        holdings: Holdings,
        revoked: Revocations,
        identity: Identity,
        keys: Keys,
        now_ms: Callable[[], int],
    ) -> None:
        self._holdings, self._revocations, self._own = holdings, revoked, keys
        self.identity = identity
        self._now_ms = now_ms
        #: Days that a terminal may sell after its last answer from here; 0: no limit.
        self.lease_days = 0
        #: Keys never change once enrolled, so they are looked up once.
        self._keys: dict[str, bytes] = {}
        self._waiting: list[Waiting] = []
        self._kick = asyncio.Event()
        self._committing = 0
        #: Called after each commit that took something.
        self.taken: Callable[[], None] = lambda: None
        self._last_s = 0.0
        #: Gives the lowest catalogue above a number; set by the hall.
        self.next_catalogue: Callable[[int], Awaitable[catalogue_wire.SignedCatalogue | None]] = (
            _no_catalogue
        )

    async def catalogue(self, data: bytes) -> catalogue_wire.SignedCatalogue | wire.Refused:
        """The next catalogue for the enrolled terminal that asks for it with its signature."""
        try:
            request = catalogue_wire.decode_catalogue_request(data)
        except wire.WireFault as fault:
            return wire.Refused("unreadable", fault.sentence)
        key = await self._key(request.origin) if wire.is_origin(request.origin) else None
        if key is None:
            return wire.Refused("unknown_origin", "This origin is not enrolled here.")
        if not catalogue_wire.catalogue_request_is_genuine(key, request):
            sentence = f"The question was not signed by {request.origin}."
            return await self._refuse(request.origin, wire.Refused("bad_signature", sentence))
        if await self._revocations.of(request.origin) is not None:
            return await self._refuse(request.origin, revocations.refused(request.origin))
        found = await self.next_catalogue(request.after)
        return found or wire.Refused("no_catalogue", "There is no newer catalogue.")

    def busy(self) -> bool:
        """Whether bundles are coming in right now."""
        return bool(self._waiting) or time.monotonic() - self._last_s < 0.1

    async def receive(self, data: bytes) -> wire.Answer:
        """The answer to one bundle, sealed to this centre or not, after its commit. Raises
        StoreFault: nothing is known then."""
        self._last_s = time.monotonic()
        try:
            bundle = wire.decode_bundle(self.unsealed(data))
        except wire.WireFault as fault:
            return await self._refuse("", wire.Refused("unreadable", fault.sentence))
        return await self.take(bundle)

    def unsealed(self, data: bytes) -> bytes:
        """What is in a sealed bundle; anything else as it is. Raises WireFault."""
        if not sealed.is_sealed(data):
            return data
        return sealed.opened(data, self.identity.name, self._own.box)

    async def take(self, bundle: wire.Bundle) -> wire.Answer:
        """The answer to one bundle, after its commit. Raises StoreFault: nothing is known then."""
        key = await self._key(bundle.origin)
        if key is None:
            return await self._refuse("", intake.unknown_origin(bundle.origin))
        checked = intake.examine(bundle, key)
        if isinstance(checked, wire.Refused):
            return await self._refuse(bundle.origin, checked)
        verdict = await self._wait(checked)
        if not isinstance(verdict, Taken):
            return verdict
        if verdict.revoked_ms is not None:
            return self._revoke(
                verdict.origin, verdict.sequence, verdict.digest, verdict.revoked_ms
            )
        return self._acknowledge(verdict.origin, verdict.sequence, verdict.digest)

    async def ask(self, origin: str) -> wire.Answer:
        """Where the centre stands with `origin`."""
        head = await self._holdings.standing(origin) if wire.is_origin(origin) else None
        if head is None:
            return wire.Refused("unknown_origin", "This origin is not enrolled here.")
        revoked_ms = await self._revocations.of(origin)
        if revoked_ms is not None:
            return self._revoke(origin, head.sequence, head.digest, revoked_ms)
        if head.sequence == 0:
            return wire.WantFrom(1)
        return self._acknowledge(origin, head.sequence, head.digest)

    async def entries(self, data: bytes) -> wire.Bundle | wire.Refused:
        """Entries that an origin asks back, as many as a bundle holds; the centre's signed word up
        to where it stands is had by `ask`."""
        try:
            request = wire.decode_request(data)
        except wire.WireFault as fault:
            return await self._refuse("", wire.Refused("unreadable", fault.sentence))
        key = await self._key(request.origin)
        if key is None:
            return await self._refuse("", intake.unknown_origin(request.origin))
        if not wire.request_is_genuine(key, request, self.identity.name):
            refused = wire.Refused(
                "bad_signature", f"Not {request.origin} asks for its entries, or not this centre."
            )
            return await self._refuse(request.origin, refused)
        if await self._revocations.of(request.origin) is not None:
            return await self._refuse(request.origin, revocations.refused(request.origin))
        held = await self._holdings.entries(request.origin, request.after, wire.ENTRIES_LIMIT)
        entries = [_ENTRIES.decode(content) for content in _fitting(held)]
        if not entries:
            return wire.Refused("no_entries", f"There is no entry after {request.after} here.")
        return wire.Bundle(request.origin, entries)

    async def enrol(
        self, request: wire.EnrolmentRequest, *, code: str | None
    ) -> wire.Enrolment | wire.Refused:
        """Make an origin known. `code` None: whoever asks may."""
        key = _key_of(request.public_key)
        if not wire.is_origin(request.origin) or key is None:
            return wire.Refused(
                "bad_request", "An enrolment names an origin and its key, 64 hexadecimal digits."
            )
        if await self._revocations.of(request.origin) is not None:
            return await self._refuse(request.origin, revocations.refused(request.origin))
        lanes = self.identity.lanes
        residue = await self._holdings.enrol(request.origin, key, lanes, code)
        if isinstance(residue, wire.Refused):
            return await self._refuse("", residue)
        return wire.Enrolment(
            self.identity.name, self.identity.public_key.hex(), residue, self.identity.lanes,
            self.lease_days, sealed.public_part(self._own.box).hex(),
        )  # fmt: skip

    # --- the shared commit --------------------------------------------------------------------

    async def run(self) -> None:
        """Commit group after group, for ever; the server runs one such task a commit at once."""
        while True:
            await self._kick.wait()
            # Beside a commit that is under way, only a group that is worth one of its own.
            if not self._waiting or (self._committing and len(self._waiting) < WORTH_A_COMMIT):
                self._kick.clear()
                continue
            self._committing += 1
            await self._commit(self._next_group())
            self._committing -= 1
            self._kick.set()

    async def _wait(self, checked: Checked) -> Verdict:
        future: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting.append((checked, future))
        self._kick.set()
        return await future

    def _next_group(self) -> list[Waiting]:
        group: dict[str, Waiting] = {}
        later = []
        for waiting in self._waiting:
            origin = waiting[0].origin
            if len(group) < GROUP and origin not in group:
                group[origin] = waiting
            else:
                later.append(waiting)
        self._waiting = later
        return list(group.values())

    async def _commit(self, group: list[Waiting]) -> None:
        try:
            verdicts = await self._holdings.take([each[0] for each in group], self._now_ms())
        except Exception as error:  # whatever it was, those who wait must hear of it
            if len(group) > 1:
                # One of them may be the cause: alone, it fails alone.
                for waiting in group:
                    await self._commit([waiting])
                return
            _answer(group[0][1], _fault(error))
            return
        for (_, future), verdict in zip(group, verdicts, strict=True):
            _answer(future, verdict)
        self.taken()

    # --- answers ------------------------------------------------------------------------------

    async def _key(self, origin: str) -> bytes | None:
        key = self._keys.get(origin)
        if key is None:
            head = await self._holdings.standing(origin)
            if head is None:
                return None
            key = self._keys[origin] = head.public_key
        return key

    async def _refuse(self, origin: str, refused: wire.Refused) -> wire.Refused:
        await self._holdings.alarm(origin, refused, self._now_ms())
        return refused

    def _acknowledge(self, origin: str, upto: int, digest: bytes) -> wire.Acknowledgement:
        name = self.identity.name
        signer = self._own.signer
        return wire.acknowledge(signer, origin, upto, digest, name, self._now_ms())

    def _revoke(self, origin: str, upto: int, digest: bytes, revoked_ms: int) -> wire.Revoked:
        keys = self._own
        return wire.revoke(
            keys.signer, origin, upto, digest, self.identity.name, revoked_ms,
            sealed.public_part(keys.box),
        )  # fmt: skip


async def _no_catalogue(_after: int) -> catalogue_wire.SignedCatalogue | None:
    """Before the hall is put together there is none."""
    return None


def _answer(future: asyncio.Future[Verdict], outcome: Verdict | KioskError) -> None:
    if future.done():  # whoever asked has hung up
        return
    if isinstance(outcome, KioskError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _fault(error: Exception) -> KioskError:
    return error if isinstance(error, KioskError) else StoreFault(f"Intake failed ({error!r}).")


def _fitting(contents: list[bytes]) -> list[bytes]:
    """As many as a bundle may carry; at least one."""
    size, taken = 0, 0
    for content in contents:
        size += len(content)
        if taken and size > _BUNDLE_BYTES:
            break
        taken += 1
    return contents[:taken]


def _key_of(text: str) -> bytes | None:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        return None
    return key if len(key) == 32 else None
