"""A start collects static files only when a source has changed."""

from pathlib import Path

import pytest

from tracen.management import static_files


@pytest.fixture
def source(settings, tmp_path: Path) -> Path:
    """The only static file of the installation."""
    (tmp_path / "static").mkdir()
    settings.STATICFILES_DIRS = [tmp_path / "static"]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "collected"
    (tmp_path / "static" / "page.css").write_text("body {}")
    return tmp_path / "static" / "page.css"


def test_static_files_are_collected_once(source):
    assert static_files.collect_static() is True
    assert static_files.collect_static() is False


def test_a_changed_file_is_collected_again(source):
    static_files.collect_static()
    source.write_text("body { margin: 0 }")
    assert static_files.collect_static() is True


def test_a_new_file_is_collected_again(source):
    static_files.collect_static()
    source.with_name("other.css").write_text("")
    assert static_files.collect_static() is True


def test_a_lost_folder_is_collected_again(source, settings):
    static_files.collect_static()
    settings.STATIC_ROOT.rename(settings.STATIC_ROOT.with_name("lost"))
    assert static_files.collect_static() is True
