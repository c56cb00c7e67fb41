"""Deleting an agent while its runs come in: each run is stored, with the agent or with a new one of that name."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.api import NEXUS, nexus_body
from tests.live import ROOT, live_server
from tests.test_parallel_clients import Answer, Crowd

pytestmark = pytest.mark.fault

ROUNDS, RUNS = 9, 100
"""So many that all of them fit into the month of a Free account, which may have one agent."""
DELETIONS = 2
DELETE_AGAIN_AND_AGAIN = """
from traces.agents import delete_agent
from traces.models import Agent
print("ready", flush=True)
while True:
    for agent in Agent.objects.filter(name=NAME):
        delete_agent(agent)
        print("deleted", flush=True)
"""


def wait_until_ready(said: Path) -> None:
    deadline = time.monotonic() + 60
    while "ready" not in said.read_text():
        assert time.monotonic() < deadline, "the deleting program does not start"
        time.sleep(0.05)


def test_no_run_is_lost_while_its_agent_is_deleted(tmp_path):
    said, answers = tmp_path / "said", list[Answer]()
    with live_server() as server:
        crowd = Crowd(server.run_command("create_api_key", "alice@example.com"), server.port)
        body = nexus_body()
        code = DELETE_AGAIN_AND_AGAIN.replace("NAME", repr(body["agent_id"]))
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
        with (
            said.open("w") as output,
            subprocess.Popen(
                command, cwd=ROOT, env=server.environment, stdout=output, stderr=subprocess.PIPE, text=True
            ) as deleting,
        ):
            try:
                wait_until_ready(said)
                # How often the two meet is up to the machine.
                for _ in range(ROUNDS):
                    answers += crowd.all_at_once(RUNS, lambda _: crowd.post(NEXUS, body))
                    if said.read_text().count("deleted") >= DELETIONS:
                        break
            finally:
                # It never ends by itself, and its end is waited for, whatever went wrong here.
                deleting.terminate()
            _, errors = deleting.communicate(timeout=60)
        crowd.leave()

    assert errors == ""
    assert said.read_text().count("deleted") >= DELETIONS
    assert {status for status, _, _ in answers} == {201}
