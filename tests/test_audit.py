"""What is said of an audit: never that all is well where nothing was looked up."""

from tests.audit import verdict

SKIPPED = {"name": "av", "skip_reason": "Dependency not found on PyPI"}
CLEAN = {"name": "numpy", "version": "2.3.0", "vulns": []}
WEAK = {"name": "jinja2", "version": "1.0", "vulns": [{"id": "CVE-1"}, {"id": "CVE-2"}]}


def test_where_nothing_was_looked_up_it_says_so():
    line, status = verdict([SKIPPED, SKIPPED])
    assert (status, line) == (0, "dependencies: none of 2 could be looked up: not audited")


def test_what_was_looked_up_is_counted():
    line, status = verdict([SKIPPED, CLEAN])
    assert (status, line) == (0, "dependencies: 1 of 2 looked up, no weakness known")


def test_a_weakness_is_named_and_fails():
    line, status = verdict([CLEAN, WEAK, SKIPPED])
    assert (status, line) == (1, "dependencies: known weaknesses in jinja2 1.0: CVE-1, CVE-2")
