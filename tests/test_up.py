"""`manage.py up` as an operator meets it: it starts, says where it is, survives its worker and ends when told."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.bring.system import free_port
from tests.live import ROOT, LiveServer, live_server

pytestmark = [pytest.mark.slow, pytest.mark.fault, pytest.mark.one_database]


@pytest.fixture
def server() -> Iterator[LiveServer]:
    """The product on a new data folder."""
    with live_server() as running:
        yield running


def wait_for(condition: Callable[[], object], seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def worker_of(server: LiveServer) -> psutil.Process:
    """The worker, as soon as it is there."""
    assert server.process is not None
    found: list[psutil.Process] = []

    def is_there() -> bool:
        found[:] = psutil.Process(server.process.pid).children(recursive=True)
        return len(found) == 1

    assert wait_for(is_there), server.output
    return found[0]


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def fetch(address: str) -> tuple[int, str]:
    with urllib.request.urlopen(address, timeout=30) as answer:
        return answer.status, answer.read().decode()


def test_up_serves_the_first_page_and_says_where(server):
    assert fetch(f"{server.base_url}/health") == (200, '{"status":"ok"}')
    assert fetch(f"{server.base_url}/")[0] == 200
    assert f"Tracen runs on {server.base_url} " in server.output
    assert f"Sign up: {server.base_url}/accounts/signup" in server.output
    assert f"curl -X POST {server.base_url}/api/traces" in server.output


def test_a_start_does_nothing_again_that_an_earlier_one_did(server):
    addresses = [line for line in server.output.splitlines() if line.startswith(f"{server.base_url}/traces/")]
    assert fetch(addresses[0])[0] == 200
    assert "Preparing the database" in server.output
    said = len(server.output)
    server.restart()
    assert "Static files: unchanged." in server.output[said:]
    assert [word for word in ("Preparing", "Adding", "collected") if word in server.output[said:]] == []


def test_a_first_start_makes_the_static_files(server):
    server.stop()
    (server.data_dir / "static").unlink()
    server.start()
    assert "Static files: collected." in server.output
    style = re.search(r'href="(/static/css/base\.[^"]+\.css)"', fetch(server.base_url)[1])[1]
    assert fetch(server.base_url + style)[0] == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_web_server_and_worker_cleanly(server, number):
    worker = worker_of(server)
    server.process.send_signal(number)
    assert server.process.wait(40) == 0
    assert is_gone(worker)
    assert "Traceback" not in server.output


def test_a_killed_worker_is_started_again(server):
    worker = worker_of(server)
    worker.kill()
    assert wait_for(lambda: is_gone(worker))
    assert worker_of(server).pid != worker.pid
    assert "The worker ended (SIGKILL); starting it again in 2 s." in server.output


def test_a_killed_up_takes_its_worker_along_and_starts_again(server):
    worker = worker_of(server)
    server.kill9()
    assert wait_for(lambda: is_gone(worker))
    server.start()
    worker_of(server)


def test_a_worker_ends_with_its_up_even_if_its_data_folder_goes_too():
    with live_server() as running:
        worker = worker_of(running)
        # Until the beat runs, for it is what cannot end in order without its file.
        assert wait_for(lambda: list(running.data_dir.glob("beat-schedule*")))
        running.kill9()
        shutil.rmtree(running.data_dir)
    assert wait_for(lambda: is_gone(worker))


def test_a_taken_port_is_told_in_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = {**os.environ, "TRACEN_VENV": "off", "TRACEN_DATA_DIR": str(tmp_path), "PORT": port}
        command = [sys.executable, "manage.py", "up"]
        finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert finished.returncode == 1
    assert f"Cannot listen on 127.0.0.1, PORT {port}: Address already in use." in finished.stderr
    assert len(finished.stderr.splitlines()) == 1


def test_an_unreachable_database_is_told_without_its_password(tmp_path):
    address = "postgres://tracen:secret@127.0.0.1:1/tracen"
    place = {"TRACEN_VENV": "off", "TRACEN_DATA_DIR": str(tmp_path), "PORT": str(free_port())}
    environment = {**os.environ, **place, "DATABASE_URL": address}
    command = [sys.executable, "manage.py", "up"]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert finished.returncode == 1
    assert "The database (PostgreSQL tracen on 127.0.0.1) cannot be used" in finished.stderr
    assert "secret" not in finished.stderr
    assert "Traceback" not in finished.stderr
