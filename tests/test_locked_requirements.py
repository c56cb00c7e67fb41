"""What the product needs where only requirements.lock is installed; the tests' own lock has more and would hide a gap."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

LOCKED = {
    re.split("[=;]", line)[0].strip().lower()
    for line in (Path(__file__).parent.parent / "requirements.lock").read_text().splitlines()
    if re.match("[a-zA-Z]", line)
}


@pytest.mark.parametrize(("package", "extra"), [("kombu", "redis"), ("psycopg", "pool"), ("django-allauth", "mfa")])
def test_the_extras_that_the_product_uses_are_locked(package, extra):
    needed = [Requirement(text) for text in requires(package) or []]
    named = {one.name.lower() for one in needed if one.marker and one.marker.evaluate({"extra": extra})}
    always = {one.name.lower() for one in needed if not one.marker}
    assert named
    assert named | always <= LOCKED
