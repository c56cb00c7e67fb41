"""Behind something that speaks TLS: BASE_URL says so, and no forwarded header has to be believed."""

from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.live import LiveServer, live_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server(BASE_URL="https://tracen.example") as running:
        yield running


def get(server: LiveServer, path: str, host: str) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path, headers={"Host": host})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_browsers_are_told_to_stay_with_https(server):
    assert get(server, "/", "tracen.example").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_cookies_belong_to_this_host_and_to_https(server):
    cookies = get(server, "/accounts/login", "tracen.example").headers.get_all("Set-Cookie")

    assert cookies
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert {"secure", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}


@pytest.mark.parametrize("path", ["/", "/api/v1/traces", "/accounts/login"])
def test_another_host_name_is_refused(server, path):
    assert get(server, path, "evil.example").status == 400


def test_links_name_the_public_address(server):
    assert server.run_command("add_demo_trace").startswith("https://tracen.example/traces/")
