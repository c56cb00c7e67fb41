"""Deleting an agent while its runs come in: each run is stored, with the agent or with a new one of that name."""

import subprocess
import sys
from collections import Counter

import pytest

from tests.api import NEXUS, nexus_body
from tests.live import ROOT, live_server
from tests.test_parallel_clients import Crowd

pytestmark = pytest.mark.fault

RUNS = 300
DELETE_AGAIN_AND_AGAIN = """
from traces.agents import delete_agent
from traces.models import Agent
print("ready", flush=True)
while True:
    for agent in Agent.objects.filter(name=NAME):
        delete_agent(agent)
        print("deleted", flush=True)
"""


def test_no_run_is_lost_while_its_agent_is_deleted():
    with live_server() as server:
        crowd = Crowd(server.port, server.run_command("create_api_key", "alice@example.com"))
        body = nexus_body()
        code = DELETE_AGAIN_AND_AGAIN.replace("NAME", repr(body["agent_id"]))
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
        with subprocess.Popen(
            command, cwd=ROOT, env=server.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as deleting:
            assert deleting.stdout is not None
            assert deleting.stdout.readline() == "ready\n"
            answers = crowd.all_at_once(RUNS, lambda _: crowd.post(NEXUS, body))
            deleting.terminate()
            output, errors = deleting.communicate(timeout=60)
        crowd.leave()

    assert errors == ""
    assert output.count("deleted") > 1
    assert Counter(status for status, _, _ in answers) == {201: RUNS}
