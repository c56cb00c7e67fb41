"""The installer behind manage.py: when it installs, what it remembers, and what it says where it cannot."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracen import bootstrap

DEBIAN = {"is_debian": True, "is_root": True, "has_ensurepip": False}
PACKAGE = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    """A folder with both lock files."""
    (tmp_path / bootstrap.RUNTIME_LOCK).write_text("django==5.2.19 \\\n    --hash=sha256:aa\n")
    (tmp_path / bootstrap.DEVELOPMENT_LOCK).write_text("django==5.2.19 \\\n    --hash=sha256:aa\npytest==9.0.2\n")
    return tmp_path


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """Something that looks like a virtual environment but was never stamped."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    return tmp_path / ".venv"


def stamp(venv: Path, lock: Path) -> None:
    (venv / "installed.json").write_text(json.dumps(bootstrap.stamp_after(lock)))


def test_a_stamped_venv_is_installed(locks, venv):
    stamp(venv, locks / bootstrap.RUNTIME_LOCK)
    assert bootstrap.is_installed(venv, locks / bootstrap.RUNTIME_LOCK)


def test_a_venv_without_its_stamp_is_not_installed(locks, venv):
    assert not bootstrap.is_installed(venv, locks / bootstrap.RUNTIME_LOCK)


def test_a_broken_stamp_is_no_stamp(locks, venv):
    (venv / "installed.json").write_text('{"requirements.lock": "ab')
    assert not bootstrap.is_installed(venv, locks / bootstrap.RUNTIME_LOCK)


def test_a_changed_lock_is_not_installed(locks, venv):
    stamp(venv, locks / bootstrap.RUNTIME_LOCK)
    (locks / bootstrap.RUNTIME_LOCK).write_text("django==5.2.20\n")
    assert not bootstrap.is_installed(venv, locks / bootstrap.RUNTIME_LOCK)


def test_a_venv_whose_python_is_gone_is_not_installed(locks, venv):
    stamp(venv, locks / bootstrap.RUNTIME_LOCK)
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/nowhere/python3")
    assert not bootstrap.is_installed(venv, locks / bootstrap.RUNTIME_LOCK)


def test_the_development_lock_covers_the_runtime_lock(locks, venv):
    stamp(venv, locks / bootstrap.DEVELOPMENT_LOCK)
    assert bootstrap.is_installed(venv, locks / bootstrap.RUNTIME_LOCK)


def test_the_runtime_lock_does_not_cover_the_development_lock(locks, venv):
    stamp(venv, locks / bootstrap.RUNTIME_LOCK)
    assert not bootstrap.is_installed(venv, locks / bootstrap.DEVELOPMENT_LOCK)


def test_a_failed_install_leaves_no_stamp(locks, venv, monkeypatch):
    stamp(venv, locks / bootstrap.RUNTIME_LOCK)
    monkeypatch.setattr(bootstrap, "is_usable", lambda *_, **__: True)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: "/bin/false")
    with pytest.raises(bootstrap.CannotInstall):
        bootstrap.install(venv, locks / bootstrap.DEVELOPMENT_LOCK)
    assert bootstrap.read_stamp(venv) == {}


@pytest.mark.parametrize(
    ("argv", "lock"),
    [
        (["manage.py", "up"], "requirements.lock"),
        (["manage.py", "create_api_key", "test"], "requirements.lock"),
        (["manage.py", "test", "-k", "quota"], "requirements-dev.lock"),
        (["manage.py", "lint"], "requirements-dev.lock"),
        (["manage.py"], "requirements.lock"),
    ],
)
def test_only_test_and_lint_need_the_development_lock(argv, lock):
    assert bootstrap.lock_for(argv) == lock


def test_packages_are_counted_without_their_hashes(locks):
    assert bootstrap.count_packages(locks / bootstrap.DEVELOPMENT_LOCK) == 2


def test_the_tests_meet_the_versions_that_the_product_runs_on():
    def pins(name):
        return {line.split(" ")[0] for line in (bootstrap.ROOT / name).read_text().splitlines() if "==" in line}

    assert pins(bootstrap.RUNTIME_LOCK) <= pins(bootstrap.DEVELOPMENT_LOCK)


def test_a_whole_python_needs_no_advice():
    assert bootstrap.missing_venv_advice(**{**DEBIAN, "has_ensurepip": True}) == ""


def test_root_on_debian_is_told_the_exact_command():
    command = bootstrap.missing_venv_advice(**DEBIAN).splitlines()[1].strip()
    assert command == f"apt-get update && apt-get install -y {PACKAGE}"


def test_a_user_on_debian_is_told_to_use_sudo():
    command = bootstrap.missing_venv_advice(**{**DEBIAN, "is_root": False}).splitlines()[1].strip()
    assert command == f"sudo apt-get update && sudo apt-get install -y {PACKAGE}"


def test_elsewhere_the_missing_modules_are_named():
    assert "ensurepip" in bootstrap.missing_venv_advice(**{**DEBIAN, "is_debian": False})


def test_the_installer_runs_on_a_python_that_has_nothing_installed():
    bare = [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import tracen.bootstrap"]
    finished = subprocess.run(bare, cwd=bootstrap.ROOT, capture_output=True, text=True)
    assert finished.stderr == ""


def test_the_current_interpreter_is_kept_on_request(monkeypatch):
    monkeypatch.setenv("TRACEN_VENV", "off")
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("started again in .venv"))
    bootstrap.enter_venv(["manage.py", "up"])


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "abc"), ("DATABASE_URL", "nonsense"), ("TRACEN_DEFAULT_PLAN", "gold")]
)
def test_a_wrong_setting_is_told_in_one_sentence(name, value, tmp_path):
    environment = {**os.environ, "TRACEN_VENV": "off", "TRACEN_DATA_DIR": str(tmp_path), name: value}
    command = [sys.executable, "manage.py", "up"]
    finished = subprocess.run(command, cwd=bootstrap.ROOT, env=environment, capture_output=True, text=True)
    assert finished.returncode == 1
    assert finished.stderr.startswith(name)
    assert len(finished.stderr.splitlines()) == 1
