"""Bytes on their way between a socket and a thread: in memory while they are few, else in a file without a name."""

import asyncio
import threading
from contextlib import suppress
from tempfile import SpooledTemporaryFile

IN_MEMORY = 256 * 1024
PIECE = 64 * 1024


class Pipe:
    """What a thread writes and a coroutine reads; neither waits for the other to be fast.

    So a client that reads slowly holds no thread: what is left of its answer lies here.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - closed by close()
        self._lock = threading.Lock()
        self._changed = asyncio.Event()
        self._written = self._read = 0
        self._has_ended = False
        self._failure: BaseException | None = None

    def write(self, piece: bytes) -> bool:
        """False once nobody reads any more. For the thread."""
        with self._lock:
            if self._file.closed:
                return False
            self._file.seek(self._written)
            self._file.write(piece)
            self._written += len(piece)
        self._tell()
        return True

    def end(self, failure: BaseException | None = None) -> None:
        """Nothing more comes; with a failure, what was written is not the whole. For the thread."""
        self._failure = failure
        self._has_ended = True
        self._tell()

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the server has ended
            self._loop.call_soon_threadsafe(self._changed.set)

    async def read(self) -> bytes:
        """The next piece, empty after the last one; raises what the writer failed with."""
        while True:
            self._changed.clear()
            has_ended = self._has_ended
            with self._lock:
                self._file.seek(self._read)
                piece = self._file.read(PIECE)
            self._read += len(piece)
            if piece:
                return piece
            if self._failure:
                raise self._failure
            if has_ended:
                return b""
            await self._changed.wait()

    async def length(self) -> int:
        """How many bytes there are, when the writer has ended; raises what it failed with."""
        while not self._has_ended:
            await self._changed.wait()
            self._changed.clear()
        if self._failure:
            raise self._failure
        return self._written

    def close(self) -> None:
        """Forget what is left. For the coroutine."""
        with self._lock:
            self._file.close()
