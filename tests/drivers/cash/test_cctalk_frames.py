"""ccTalk frames: published vectors, every way to split a stream, noise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cash.cctalk_frames import BILL_VALIDATOR, HOST, Check, Frame, FrameReader, build

ADDRESSES = frozenset((HOST, BILL_VALIDATOR))

frames = st.builds(
    Frame,
    destination=st.sampled_from(sorted(ADDRESSES)),
    header=st.integers(0, 255),
    data=st.binary(max_size=20),
    source=st.sampled_from(sorted(ADDRESSES)),
)
checks: st.SearchStrategy[Check] = st.sampled_from(("sum", "crc"))


def read(check: Check, portions: list[bytes]) -> list[Frame]:
    reader = FrameReader(check, ADDRESSES)
    return [frame for portion in portions for frame in reader.feed(portion)]


def heard(frame: Frame, check: Check) -> Frame:
    """The frame as a reader can know it: the crc form does not carry the source."""
    return frame if check == "sum" else Frame(frame.destination, frame.header, frame.data, 0)


@pytest.mark.parametrize(
    ("what", "header", "data", "wire"),
    [
        ("simple poll", 254, "", "28 00 01 FE D9"),
        ("read events", 159, "", "28 00 01 9F 38"),
        ("escrow and stacker", 153, "03", "28 01 01 99 03 3A"),
        ("all values on", 231, "FF FF", "28 02 01 E7 FF FF F0"),
        ("master enable", 228, "01", "28 01 01 E4 01 F1"),
        ("stack", 154, "01", "28 01 01 9A 01 3B"),
        ("return", 154, "00", "28 01 01 9A 00 3C"),
    ],
)
def test_the_published_bytes_come_out_when_a_command_is_built(
    what: str, header: int, data: str, wire: str
) -> None:
    frame = Frame(BILL_VALIDATOR, header, bytes.fromhex(data))
    assert build(frame) == bytes.fromhex(wire), what
    assert read("sum", [bytes.fromhex(wire)]) == [frame], what


def test_the_published_bytes_come_out_when_the_crc_form_is_built() -> None:
    reset = Frame(BILL_VALIDATOR, 1, b"", 0)
    assert build(reset, "crc") == bytes.fromhex("28 00 46 01 3F")
    assert read("crc", [bytes.fromhex("28 00 46 01 3F")]) == [reset]


@given(st.lists(frames, max_size=6), checks, st.data())
def test_the_same_frames_come_out_when_the_stream_is_split_anywhere(
    sent: list[Frame], check: Check, data: st.DataObject
) -> None:
    stream = b"".join(build(frame, check) for frame in sent)
    portions = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        portions.append(stream[:size])
        stream = stream[size:]
    assert read(check, portions) == [heard(frame, check) for frame in sent]


@given(st.binary(max_size=300), frames, checks)
def test_a_frame_is_found_when_noise_and_silence_came_before_it(
    noise: bytes, sent: Frame, check: Check
) -> None:
    reader = FrameReader(check, ADDRESSES)
    reader.feed(noise)
    reader.silence()
    assert not reader.unfinished
    assert reader.feed(build(sent, check)) == [heard(sent, check)]


def test_a_hidden_frame_comes_out_when_the_line_falls_silent() -> None:
    reader = FrameReader("sum", ADDRESSES)
    answer = Frame(HOST, 0, b"", BILL_VALIDATOR)
    assert reader.feed(bytes((HOST, 200)) + build(answer)) == []
    assert reader.silence() == [answer]


def test_a_frame_is_dropped_when_one_bit_is_wrong() -> None:
    wire = bytearray.fromhex("28 01 01 9A 01 3B")
    for bit in range(8 * len(wire)):
        damaged = bytearray(wire)
        damaged[bit // 8] ^= 1 << bit % 8
        reader = FrameReader("sum", ADDRESSES)
        assert reader.feed(bytes(damaged)) + reader.silence() == [], bit
