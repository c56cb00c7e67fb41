"""Keeps the Celery worker alive beside the web server; only `up` calls it, and runs it as the child's own program.

The child is ended by the kernel (or, elsewhere than on Linux, by its own watch) when its parent is gone, so that no
worker outlives a killed `up`. It is the leader of its own process group, so that the terminal's Ctrl-C reaches only
`up`, which then ends both in order.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
SECONDS_TO_END = 8
LONGEST_PAUSE = 60
HEALTHY_AFTER = 30
THREADS = 16
"""Enough for all that the outbox delivers at once, and for the periodic tasks beside it: when every webhook and the
payment service hang, a mail still finds a thread. Not more than the database's pool has connections."""


class WorkerKeeper:
    """Starts the worker, starts it again with a growing pause when it dies, and ends it."""

    def __init__(self, data_dir: Path, say: Callable[[str], None]) -> None:
        self._data_dir = data_dir
        self._say = say
        self._ending = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ends the worker within seconds: asked first, then forced. Its tasks are safe to run again."""
        with self._starting:
            self._ending.set()
            process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
        self._thread.join(SECONDS_TO_END)
        if process is not None:
            _kill_group(process)

    def _keep(self) -> None:
        # The kernel ties the child's life to the thread that started it: this one lives as long as the program.
        pause = 1
        while True:
            with self._starting:
                if self._ending.is_set():
                    return
                self._process = _start_worker(self._data_dir)
            started = time.monotonic()
            code = self._process.wait()
            _kill_group(self._process)
            if self._ending.is_set():
                return
            pause = 1 if time.monotonic() - started > HEALTHY_AFTER else min(pause * 2, LONGEST_PAUSE)
            self._say(f"The worker ended ({_describe_exit(code)}); starting it again in {pause} s.")
            self._ending.wait(pause)


def _start_worker(data_dir: Path) -> "subprocess.Popen[bytes]":
    scratch = data_dir / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tracen.management.worker", str(os.getpid()), str(data_dir)]
    root = Path(__file__).resolve().parents[2]
    # Django's checks load every address and page, 20 MB that an idle worker does not need; `up` has just run them.
    environment = {**os.environ, "TMPDIR": str(scratch), "CELERY_SKIP_CHECKS": "1"}
    return subprocess.Popen(command, cwd=root, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends what the worker leaves behind: a killed Celery does not take its own children along."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _describe_exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


def run_worker(parent: int, data_dir: Path) -> None:
    """The child's program: a Celery worker whose threads wait for slow servers side by side, and the beat as one more."""
    from celery.platforms import SecurityWarning

    from tracen.celery import app

    end_with_parent(parent)
    _keep_time(data_dir / "beat-schedule")
    # Whoever runs `up` as root has decided so; messages are JSON, never pickle.
    warnings.simplefilter("ignore", SecurityWarning)
    lonely = [
        "--pool=threads",
        f"--concurrency={THREADS}",
        "--without-gossip",
        "--without-mingle",
        "--without-heartbeat",
    ]
    app.worker_main(["--quiet", "worker", "--loglevel=warning", *lonely])


def _keep_time(schedule: Path) -> None:
    """Run the beat as a thread of the worker: Celery's --beat would be a second process of 40 MB for a dozen times."""
    from celery.beat import EmbeddedService
    from celery.signals import worker_ready, worker_shutting_down

    from tracen.celery import app

    beat = EmbeddedService(app, thread=True, schedule_filename=str(schedule))
    worker_ready.connect(lambda **_: beat.start(), weak=False)
    # Without waiting: a beat whose file is gone, or that was not started yet, never says that it has stopped.
    worker_shutting_down.connect(lambda **_: beat.service.stop(), weak=False)


def end_with_parent(parent: int) -> None:
    """End this process when process `parent`, which started it, is gone; at once if it already is.

    The kernel signals once for each thread of the parent that dies, and one SIGTERM upon another makes Celery's handler
    wait for itself. So it is SIGKILL: who kills `up` wants no goodbyes, and tasks are safe to run again.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
    else:
        threading.Thread(target=_watch_parent, args=[parent], daemon=True).start()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    run_worker(int(sys.argv[1]), Path(sys.argv[2]))
