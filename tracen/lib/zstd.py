"""Bytes made smaller by Zstandard, where that makes them smaller; whoever keeps much text in few rows calls it.

A frame of Zstandard begins with bytes that no UTF-8 text begins with, so nothing else has to say which of the two it is.
"""

import sys
import threading

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MAGIC = b"\x28\xb5\x2f\xfd"
# The checksum finds what would else be read as other text than was written.
_OPTIONS: dict[int, int] = {zstd.CompressionParameter.compression_level: 1, zstd.CompressionParameter.checksum_flag: 1}


class _Own(threading.local):
    """A thread's own compressor, for making one takes three times as long as a kilobyte does.

    Greenlets share that of their thread: none lets others go on while it is in here.
    """

    def __init__(self) -> None:
        self.compressor = zstd.ZstdCompressor(options=_OPTIONS)


_own = _Own()


def squeeze(text: bytes) -> bytes:
    """UTF-8 text as one frame, or as it is where a frame would be no smaller."""
    frame = _own.compressor.compress(text, zstd.ZstdCompressor.FLUSH_FRAME)
    return frame if len(frame) < len(text) else text


def expand(data: bytes) -> bytes:
    """What was squeezed. Raises ValueError where a frame is damaged or cut off."""
    if not data.startswith(_MAGIC):
        return data
    try:
        return zstd.decompress(data)
    except zstd.ZstdError as damage:
        raise ValueError(str(damage)) from damage
