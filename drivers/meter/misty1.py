"""EA11, MISTY1 with eight rounds (RFC 2994): decryption, which is all that a meter needs."""

from __future__ import annotations

#: RFC 2994, section 2.3: 128 values of 7 bits, two hexadecimal digits each.
_S7 = bytes.fromhex(
    "1b32335a3b1017545b1a72736b2c66491f24136c372e3f4a5d0f405625511c04"
    "0b46200d7b3544422b1e41144b79156f0e550936740c6753280a7e3802076029"
    "1912652f303908685f782a4c6445753d594803577c4f623c1d215e276a704d3a"
    "016d6e6318772305267600312d7a7f61502211064716524e713e6943345c587d"
)

#: RFC 2994, section 2.3: 512 values of 9 bits, three hexadecimal digits each.
_S9_DIGITS = (
    "1c30cb15319f1e30e90fb0351810b91171eb13300902d0d30c714a03707e0eb1641931d8"
    "0a311e05502c01d1a216311814b1521d200f02b03013a0e511113818e0630e30c81f401b"
    "00109d0f81a016d1f301c14607d0d10821ea18312d0f419e1d30dd1e21281e00ec059091"
    "01112f0260dc0b018c10f1f70e716c0b60f90d815110114c1030b815412b1ae01707100c"
    "04705807f1a413412908415d19d1b21a304807c0511ca02313d1a716503b0420da1920ce"
    "0c106b09f1f112c1840fa1961e116917d03118010a0941da18613e11c0601751cf067119"
    "06506809915000800717c0b70240190de1270db0e41a905210909019c1c10281b313516a"
    "1760df1e51880c516e1de1b10c31df0360ee1ee0f009304909a1b606908112500b05e0b4"
    "1491c717403e13b1b708e1c60ae0100951ef04e0f21fd0850fd0f60a016f08308a15609b"
    "13c1071670981d01e90031fe0bd1220890d218f01203306a1420ed17011b0e214f158131"
    "14705d1131cd0791611a517909e1b40cc02213201a0e80041871ed1970391bf1d702718b"
    "0c609c0d014e06c0341f206e0ca0250ba1910fe01310602f1ad1721db0c010b1d60f51ec"
    "10d0761141ab07510c1e415905411f04b0c41be0f70290a400e1f007704d17a08608b0b3"
    "1710bf10e10409715b1601680d70bb0661ce0fc0921c506f01604a0a11390af0f119000a"
    "1aa14317b05618d1660d41fb14d19419a0871f81230a71b814103c1f914002a15511a1a1"
    "1980d51261af06112e1571dc07218a0aa0961150ef04507b08d14505305f1780b202e020"
    "1d503f1c91e71ac0440380140b116b0ab0b505a1821c81d40181770640cf06d100199130"
    "15a0051201bb1bd0e004f0d613f1c412a0150060ff19b0a604308805015f1e812107317e"
    "0bc0c20c91731891f50741cc1e61a819501f04100d1ba03203d1d10800a80571b9162148"
    "0d910506207a0211ff1121081c00a911d1b01a60cd0f305c10205b1d91441f60ad0a503a"
    "1cb13617f0460e101e1dd0e61371fa18508c08f0401b50be0780000ac11015e1240021bc"
    "0a20ea0701fc11615c04c1c2"
)

_S9 = tuple(int(_S9_DIGITS[at : at + 3], 16) for at in range(0, len(_S9_DIGITS), 3))

assert sorted(_S7) == list(range(128)) and sorted(_S9) == list(range(512))


def decrypt(block: int, key: bytes) -> int:
    """The 64-bit data block of the 64-bit cipher `block` under a 16-byte decoder key."""
    assert 0 <= block < 2**64 and len(key) == 16
    words = _expand(key)
    right, left = block >> 32, block & 0xFFFFFFFF
    left, right = _unblend(left, 8, words), _unblend(right, 9, words)
    for step in (6, 4, 2, 0):
        left ^= _scramble(right, step + 1, words)
        right ^= _scramble(left, step, words)
        left, right = _unblend(left, step, words), _unblend(right, step + 1, words)
    return left << 32 | right


def _expand(key: bytes) -> list[int]:
    """Eight words of 16 bits from the key and eight made of them (RFC 2994, 2.2)."""
    words = [int.from_bytes(key[at : at + 2], "big") for at in range(0, 16, 2)]
    return words + [_mix(words[at], words[(at + 1) % 8]) for at in range(8)]


def _mix(word: int, key: int) -> int:
    """FI of the RFC: 16 bits through S9, S7 and S9."""
    nine, seven = word >> 7, word & 0x7F
    nine = _S9[nine] ^ seven
    seven = _S7[seven] ^ nine & 0x7F
    seven ^= key >> 9
    nine = _S9[nine ^ key & 0x1FF] ^ seven
    return seven << 9 | nine


def _scramble(half: int, step: int, words: list[int]) -> int:
    """FO of the RFC: three times FI over the two words of a half."""
    high, low = half >> 16, half & 0xFFFF
    high = _mix(high ^ words[step], words[(step + 5) % 8 + 8]) ^ low
    low = _mix(low ^ words[(step + 2) % 8], words[(step + 1) % 8 + 8]) ^ high
    high = _mix(high ^ words[(step + 7) % 8], words[(step + 3) % 8 + 8]) ^ low
    return (low ^ words[(step + 4) % 8]) << 16 | high


def _unblend(half: int, step: int, words: list[int]) -> int:
    """FL backwards (FLINV of the RFC)."""
    high, low = half >> 16, half & 0xFFFF
    at = step // 2
    if step % 2:
        high ^= low | words[(at + 4) % 8]
        low ^= high & words[(at + 2) % 8 + 8]
    else:
        high ^= low | words[(at + 6) % 8 + 8]
        low ^= high & words[at]
    return high << 16 | low
