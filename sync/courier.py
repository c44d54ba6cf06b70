"""The courier follows a journal from the acknowledged number and brings it upstream.

The journal is the queue: the courier keeps one number, and nothing in it ever expires. It
believes an acknowledgement only when the enrolled centre signed it and it names our own entry.
When the centre has less than it once acknowledged (restored from an old backup, E38), the courier
offers it again; when it has more than the journal, this home was restored from an old backup, and
a person must decide.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from kiosk.domain.entry import Entry, digest
from kiosk.errors import KioskError, LinkFault
from kiosk.marks import mark
from kiosk.ports import Clock, LinkState
from sync import wire

#: What goes into one bundle; a lone entry goes whatever its size.
BATCH_ENTRIES = 500
BATCH_BYTES = 256 * 1024

#: With nothing to send, the courier asks this often where the centre stands: `online` stays true
#: only while it answers, and a centre that was restored is noticed without a new sale.
IDLE_S = 30.0

#: Longest wait between two attempts.
#: A call that hangs in the network ends by its own time limit; nobody waits for that at the exit.
_CLOSE_LIMIT_S = 2.0

#: Bytes of an entry beside its body, for the size of a batch.
_ENVELOPE_BYTES = 200


#: The centre holds other entries under our numbers.
_FORKED = {"fork", "origin_frozen"}


class Head(Protocol):
    """The last entry of a journal."""

    @property
    def sequence(self) -> int:
        """Its number; 0 when the journal is empty."""

    @property
    def digest(self) -> bytes:
        """SHA-256 over it."""


class Journal(Protocol):
    """What the courier needs of a journal. Called from the courier's thread."""

    @property
    def origin(self) -> str:
        """Who writes it."""

    def head(self) -> Head:
        """Its last entry."""

    def after(self, sequence: int, limit: int) -> Sequence[Entry]:
        """At most `limit` entries after number `sequence`, in their order."""

    def acknowledged(self) -> int:
        """The highest number that the centre has acknowledged; 0 when none."""

    def keep_anchor(self, sequence: int, digest: bytes, centre: str, content: bytes) -> None:
        """Keep an acknowledgement, durably; `content` is what the centre signed and sent."""


class Road(Protocol):
    """A way to the centre and back. Raises LinkFault when it is closed."""

    def offer(self, bundle: bytes) -> bytes:
        """Bring a bundle; the bytes of the answer."""

    def ask(self, origin: str) -> bytes:
        """Ask where the centre stands with `origin`; the bytes of the answer."""

    def close(self) -> None:
        """Let go of the line; a call that is waiting ends."""


class EnrolledCentre(msgspec.Struct, frozen=True):
    """The centre that this home was enrolled with."""

    name: str
    public_key: bytes


class Forked(LinkFault):
    """The centre proves, signed, that it holds other entries under our number than we do."""


class _Refusing(KioskError):
    """The centre was reached and said no."""


class Retry(msgspec.Struct, frozen=True):
    """How long to wait after a failure: `first_s`, doubled each time, never above `longest_s`."""

    first_s: float = 1.0
    longest_s: float = 60.0


def retry_delay_s(attempt: int, jitter: float, retry: Retry = Retry()) -> float:  # noqa: B008
    """Seconds to wait after the `attempt`-th failure in a row (from 1): 1, 2, 4 ... 32, 60, 60.

    `jitter`, 0 to 1, takes off up to a quarter, so that a hall of terminals does not come back in
    step.
    """
    assert attempt >= 1 and 0 <= jitter <= 1
    whole = min(retry.longest_s, retry.first_s * 2.0 ** min(attempt - 1, 30))
    return whole * (1 - jitter / 4)


def next_bundle(journal: Journal, after: int) -> wire.Bundle | None:
    """The next batch after number `after`, or None when there is nothing."""
    entries = journal.after(after, BATCH_ENTRIES)
    size, taken = 0, 0
    for entry in entries:
        size += len(entry.body) + _ENVELOPE_BYTES
        if taken and size > BATCH_BYTES:
            break
        taken += 1
    return wire.Bundle(journal.origin, list(entries[:taken])) if taken else None


def bundles(journal: Journal, after: int) -> Iterator[wire.Bundle]:
    """Everything after number `after` in batches, for a road that carries files."""
    while (bundle := next_bundle(journal, after)) is not None:
        yield bundle
        after = bundle.entries[-1].sequence


def settle(journal: Journal, centre: EnrolledCentre, answer: wire.Acknowledgement) -> int:
    """Keep `answer` if it is genuine and new: the number up to which the centre stands.

    Raises LinkFault for an acknowledgement that is forged or another's, and Forked for one that is
    genuine and does not fit our journal.
    """
    if answer.origin != journal.origin or answer.centre != centre.name:
        raise LinkFault("The acknowledgement is not meant for this terminal.")
    if not wire.acknowledgement_is_genuine(centre.public_key, answer):
        raise LinkFault("The acknowledgement was not signed by the enrolled centre.")
    if answer.upto > journal.head().sequence:
        raise Forked(
            f"The centre holds entry {answer.upto}, which this journal does not have: this home was"
            " rolled back to an old copy of its disk, or restored from an old backup. Sell nothing;"
            " use `kiosk restore --upstream` if nothing was sold since, otherwise `kiosk rejoin`."
        )
    ours = journal.after(answer.upto - 1, 1)
    if len(ours) != 1 or digest(ours[0]) != answer.digest:
        raise Forked(
            f"The centre acknowledges another entry {answer.upto} than ours: this home is a copy of"
            " another; use `kiosk rejoin`."
        )
    if answer.upto > journal.acknowledged():
        content = wire.encode_answer(answer)
        journal.keep_anchor(answer.upto, answer.digest, answer.centre, content)
    return answer.upto


def prove_order(origin: str, centre: EnrolledCentre, answer: wire.Revoked) -> None:
    """Raises LinkFault for an order that withdraws another terminal, or is not the centre's."""
    if answer.origin != origin or answer.centre != centre.name:
        raise LinkFault("The order of the centre is not meant for this terminal.")
    if not wire.revocation_is_genuine(centre.public_key, answer):
        raise LinkFault("The order to end was not signed by the enrolled centre.")


class Courier:
    """Brings entries upstream from a thread of its own; implements the port Link."""

    def __init__(
        self,
        journal: Journal,
        road: Road,
        centre: EnrolledCentre,
        clock: Clock,
        jitter: Callable[[], float],
        heard: Callable[[int], object] = lambda _time_ms: None,
        contact: Callable[[bytes], object] = lambda _received: None,
        forked: Callable[[str], object] = lambda _sentence: None,
        retry: Retry = Retry(),  # noqa: B008
    ) -> None:
        #: Told when the centre has proved that this journal is a copy, or an old state.
        self._forked = forked
        #: Gets the signed time of each answer of the centre, as it comes in.
        self._heard = heard
        #: Gets each acknowledgement or order of the centre that was proved, as it came.
        self._contact = contact
        self._journal, self._road, self._centre = journal, road, centre
        self._clock, self._jitter, self._retry = clock, jitter, retry
        #: Up to where the centre stands; None: not asked since the line was last lost.
        self._stands: int | None = None
        self._failures = 0
        self._contact_at_ms = 0
        self._state = LinkState(False, journal.acknowledged(), None)
        self._wake = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None

    # --- the port -----------------------------------------------------------------------------

    def state(self) -> LinkState:
        """The line as it was last seen; never waits."""
        return self._state

    def nudge(self) -> None:
        """Something new is in the journal; never waits."""
        self._wake.set()

    # --- the thread ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the journal."""
        assert self._thread is None
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; an exchange that is under way is broken off, which loses nothing."""
        self._closed = True
        self._wake.set()
        self._road.close()
        if self._thread is not None:
            self._thread.join(_CLOSE_LIMIT_S)

    def _run(self) -> None:
        while not self._closed:
            rest_s = self.step()
            if rest_s > 0:
                self._wake.wait(rest_s)
            self._wake.clear()

    def step(self) -> float:
        """One exchange with the centre; the seconds to rest before the next. Never raises."""
        try:
            rest_s = self._exchange()
        except Exception as error:  # the thread outlives whatever one exchange met
            self._failures += 1
            self._stands = None
            self._note(isinstance(error, _Refusing), _sentence(error))
            return retry_delay_s(self._failures, self._jitter(), self._retry)
        self._failures = 0
        return rest_s

    # --- one exchange -------------------------------------------------------------------------

    def _exchange(self) -> float:
        idle_ms = self._clock.monotonic_ms() - self._contact_at_ms
        if self._stands is None or idle_ms >= IDLE_S * 1000:
            self._take(self._road.ask(self._journal.origin))
        assert self._stands is not None
        bundle = next_bundle(self._journal, self._stands)
        if bundle is None:
            return IDLE_S
        self._send(bundle)
        return 0.0

    def _send(self, bundle: wire.Bundle) -> None:
        first, last = bundle.entries[0].sequence, bundle.entries[-1].sequence
        content = wire.encode_bundle(bundle)
        mark("courier.before_send")
        received = self._road.offer(content)
        mark("courier.after_send")
        answer = self._take(received)
        assert self._stands is not None
        if isinstance(answer, wire.WantFrom) and answer.sequence == first:
            raise LinkFault(f"The centre asks for entry {first} and does not take it.")
        if isinstance(answer, wire.Acknowledgement) and answer.upto < last:
            raise LinkFault(f"The centre acknowledges {answer.upto} after being given {last}.")

    def _take(self, received: bytes) -> wire.Answer:
        """Judge an answer and remember where the centre stands."""
        answer = wire.decode_answer(received)
        if isinstance(answer, wire.Refused):
            advice = " Use `kiosk rejoin`." if answer.code in _FORKED else ""
            raise _Refusing(f"The centre refuses our entries: {answer.sentence}{advice}")
        if isinstance(answer, wire.Revoked):
            prove_order(self._journal.origin, self._centre, answer)
            self._contact(received)
            raise _Refusing("The centre has revoked this terminal.")
        if isinstance(answer, wire.Acknowledgement):
            try:
                self._stands = settle(self._journal, self._centre, answer)
            except Forked as fork:
                self._forked(fork.sentence)
                raise
            self._heard(answer.time_ms)
            self._contact(received)
        elif answer.sequence > self._journal.head().sequence + 1:
            raise LinkFault(f"The centre asks for entry {answer.sequence}, which is not written.")
        else:
            self._stands = answer.sequence - 1
        self._contact_at_ms = self._clock.monotonic_ms()
        self._note(True, "")
        return answer

    def _note(self, online: bool, trouble: str) -> None:
        before = self._state
        contact_ms = self._clock.now().time_ms if online else before.last_contact_ms
        try:
            acknowledged = self._journal.acknowledged()
        except KioskError:
            acknowledged = before.acknowledged
        self._state = LinkState(online, acknowledged, contact_ms, trouble)


def _sentence(error: Exception) -> str:
    if isinstance(error, KioskError):
        return error.sentence
    return f"The courier met something unexpected ({type(error).__name__}: {error})."
