"""One server and one browser for all browser tests. Nothing here skips: what is missing is an error that says so."""

import pytest

from tests.browser import harness


@pytest.fixture(scope="session")
def address():
    with harness.served() as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    with harness.launched() as started:
        yield started
