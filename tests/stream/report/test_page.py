"""The report as a file: complete, self-contained, escaped, bounded."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import chain

import pytest

from stream.errors import OutputExistsError
from stream.report import write_report
from stream.report.page import render


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.texts = [], [], {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_data(self, data):
        self.texts.setdefault(self.tags[-1] if self.tags else "", []).append(data)

    def values(self, name):
        return [value for _, key, value in self.attributes if key == name]

    @property
    def text(self):
        kept = (each for tag, each in self.texts.items() if tag not in ("style", "script"))
        return " ".join(" ".join(chain.from_iterable(kept)).split())


@pytest.mark.parametrize("count", [0, 1, 500])
def test_page_shows_every_sighting_and_says_what_it_is_not(report, count):
    page = Page(render(report(count, 600.0)))
    assert page.tags.count("article") == count
    assert "Research software, not a medical device." in page.text
    heading = {0: "No sightings", 1: "1 sighting", 500: "500 sightings"}[count]
    assert heading in page.texts["h2"]
    assert ("does not mean that there is no polyp" in page.text) == (count == 0)


def test_page_needs_nothing_but_the_recording_beside_it(report):
    made = report(3, faults={"blurred": (10, 20)})
    page = Page(render(made))
    addresses = page.values("src") + page.values("href") + page.values("data-file")
    local = re.compile(r"data:image/jpeg;base64,|case-0412\.mp4(#t=[\d.]+)?$|#[\w-]+$")
    assert len(addresses) > 10
    assert [address for address in addresses if not local.match(address)] == []
    assert not set(page.tags) & {"link", "iframe", "object", "embed", "form"}
    assert not {key for _, key, _ in page.attributes if key.startswith("on") or key == "style"}


def test_policy_lets_only_the_pages_own_style_and_script_run(report):
    html = render(report(1))
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy.startswith("default-src &#39;none&#39;")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"sha256-{digest}".replace("+", "&#43;") in policy or f"sha256-{digest}" in policy


EVIL = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>&amp;"


def test_every_text_is_escaped(report):
    made = report(
        2,
        title=EVIL,
        written=EVIL,
        files=[(EVIL, 0.0)],
        facts=[(EVIL, EVIL)],
        speed=EVIL,
        settings={EVIL: EVIL, "more": {EVIL: [EVIL]}},
        weights=EVIL,
        card=f"# {EVIL}\n\n{EVIL}\n\n`{EVIL}` [link](javascript:alert(3)) ![picture](x.png)",
        notes=[EVIL],
    )
    page, plain = Page(render(made)), Page(render(report(2, card="# One\n\ntwo")))
    assert page.tags.count("script") == 1
    assert page.tags.count("img") == plain.tags.count("img") == 2
    assert not {key for _, key, _ in page.attributes if key.startswith("on")}
    assert not [value for value in page.values("href") if value.startswith("javascript")]


def test_moments_are_linked_in_the_file_that_holds_them(report):
    made = report(6, files=[("a b#1.mp4", 0.0), ("a b#1-2.mp4", 30.0)])
    links = Page(render(made)).values("href")
    for sighting in made.sightings:
        second = sighting.peak_seconds >= 30
        file = "a%20b%231-2.mp4" if second else "a%20b%231.mp4"
        assert f"{file}#t={sighting.peak_seconds:.3f}" in links


def test_moments_in_segments_are_linked_as_each_file_counts_them(report):
    made = report(6, files=[("a-001.mp4", 0.0), ("a-002.mp4", 30.0)], segmented=True)
    links = Page(render(made)).values("href")
    for sighting in made.sightings:
        number, start = (2, 30.0) if sighting.peak_seconds >= 30 else (1, 0.0)
        assert f"a-00{number}.mp4#t={sighting.peak_seconds - start:.3f}" in links


def test_bookmarks_stand_on_the_time_line_and_jump(report):
    made = report(0, bookmarks=[(12.5, "retroflexion <b>"), (40.0, "")])
    page = Page(render(made))
    assert page.values("class").count("bookmark") == 2
    assert {"case-0412.mp4#t=12.500", "case-0412.mp4#t=40.000"} <= set(page.values("href"))
    assert "Bookmark 0:12.5: retroflexion <b>" in page.texts["title"]
    assert "bookmark" not in Page(render(report(0))).values("class")


@pytest.mark.parametrize(("name", "player"), [("a.mp4", 1), ("a.mkv", 0)])
def test_player_is_there_for_what_browsers_play(report, name, player):
    assert Page(render(report(1, files=[(name, 0.0)]))).tags.count("video") == player


def test_card_is_shown_with_its_tables_below_the_reports_headings(report):
    page = Page(render(report(0)))
    assert "Compact ensemble" in page.texts["h3"]
    assert "0.70" in page.texts["td"]
    assert '<script>alert("card")</script>' in page.text
    assert "came without a model card" in Page(render(report(0, card=""))).text


def test_links_of_a_card_lead_out_or_nowhere(report):
    card = "[why](../docs/why.md), [data](https://example.org/data) and [`code`](x.py)"
    html = render(report(0, card=card))
    out = '<a href="https://example.org/data">data</a>'
    assert f"<p>why, {out} and <code>code</code></p>" in html


def test_recording_that_breaks_off_is_told_at_the_top(report):
    told = "The recording breaks off before its end."
    assert told in Page(render(report(1, broken_off=True))).texts["strong"]
    assert told not in Page(render(report(1))).texts["strong"]


def test_faults_are_listed_with_their_lengths(report):
    made = report(0, 120.0, faults={"no view": (0, 12), "blurred": (40, 44), "dark": (60, 61)})
    text = Page(render(made)).text.replace("\u00a0", " ")
    assert "no view (12.0 s)" in text
    assert "blurred (4.0 s)" in text
    assert "too dark (1.0 s)" in text


def test_settings_and_notes_are_listed(report):
    page = Page(render(report(0, notes=["a frame had no time (3 times)"])))
    assert {"sightings.gap_s", "threshold", "overlay"} <= set(page.texts["th"])
    assert {"0.5", "yes", "–", "1.0"} <= set(page.texts["td"])
    assert "a frame had no time (3 times)" in page.texts["li"]


def test_page_does_not_grow_with_the_length_of_the_recording(report):
    short, long = (render(report(0, seconds)) for seconds in (100.0, 3600.0))
    assert len(long) < len(short) + 2000


def test_report_appears_whole_and_never_over_another(report, tmp_path):
    path = tmp_path / "a.report.html"
    write_report(path, report(1))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    before = path.read_bytes()
    with pytest.raises(OutputExistsError):
        write_report(path, report(2))
    assert path.read_bytes() == before
    write_report(path, report(2), overwrite=True)
    assert path.read_bytes() != before
