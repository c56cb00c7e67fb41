"""A key asked for before the first start, twice at once: the database is prepared once, and both get one."""

import os
import subprocess
import sys

import pytest

from tests.live import ROOT, fresh_database

pytestmark = pytest.mark.slow


def test_two_first_keys_at_once(tmp_path):
    with fresh_database() as services:
        data_dir = tmp_path / "data"
        environment = {**os.environ, "TRACEN_VENV": "off", "TRACEN_DATA_DIR": str(data_dir), **services}
        asked = [
            subprocess.Popen(
                [sys.executable, "manage.py", "create_api_key", f"first{number}@example.com"],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(2)
        ]
        answers = [(*process.communicate(timeout=60), process.returncode) for process in asked]

    for key, trouble, code in answers:
        assert (code, trouble) == (0, "")
        assert key.startswith("tracen_sk_")
        assert key.count("\n") == 1
