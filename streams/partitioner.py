"""The partition of a book: murmur2, as Java's default partitioner and librdkafka's ``murmur2_random`` do it.

Everybody who speaks of a book must mean the same partition: our producers, faust, other people's Java. Knowing it in
Python lets us place the compacted topics by book while their key is an account, and choose test books that fall apart.
"""

from typing import Final

_SEED: Final = 0x9747B28C
_MULTIPLIER: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF


def partition_of(book: str, partitions: int) -> int:
    """The partition, 0 to `partitions` - 1, in which the records of `book` stand."""
    assert partitions > 0, f"a topic has one partition or more, not {partitions}"
    return (murmur2(book.encode()) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """Austin Appleby's MurmurHash2, 32 bits, little-endian, with the seed that Kafka's clients agree on."""
    length = len(data)
    value = _SEED ^ length
    whole = length & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(data[start : start + 4], "little") * _MULTIPLIER & _MASK
        word = (word ^ word >> 24) * _MULTIPLIER & _MASK
        value = (value * _MULTIPLIER & _MASK) ^ word
    rest = data[whole:]
    if rest:
        value = (value ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _MASK
    value = (value ^ value >> 13) * _MULTIPLIER & _MASK
    return value ^ value >> 15
