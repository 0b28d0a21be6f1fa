"""Every page of the site in a real browser: make test-site (tests/environments/site/run), after make site.

The name keeps pytest from collecting this file by itself: it needs a browser, and axe-core from the npm registry.
"""

import json
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.environments.controls import (
    answers_soon,
    draw_digits,
    edit_a_kernel,
    explore_shapes,
    follow_a_number,
    move_a_kernel,
    read_a_photograph,
    replay_a_training,
    write_with_keys,
)
from tools.address import badge
from tools.make_site import OUT, npm_file

AXE = npm_file("axe-core@4.14.1", "axe.min.js").decode()
EVERY = sorted(path.relative_to(OUT).as_posix() for path in OUT.rglob("*.html") if "_static" not in path.parts)
# The pages with the library's source have one form: the five longest stand for all of them.
SOURCES = sorted((name for name in EVERY if "_modules/" in name), key=lambda name: (OUT / name).stat().st_size)
PAGES = [name for name in EVERY if name not in SOURCES[:-5]]
PICTURES = os.environ.get("COURSE_BROWSER_PICTURES")
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}

FINDINGS = """async () => {
  const found = await axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "best-practice"]});
  return found.violations.filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id}: ${v.help}\\n` + v.nodes.slice(0, 3).map((n) => "    " + n.html.slice(0, 200)).join("\\n"));
}"""
BROKEN = """async () => {
  const all = [...document.images];
  for (const image of all) image.loading = "eager";
  await Promise.allSettled(all.map((image) => image.decode()));
  return all.filter((image) => !image.naturalWidth).map((image) => image.src);
}"""


TOO_SMALL = """() => [...document.querySelectorAll(".course-control :is(button, select, input, label)")]
  .filter((e) => !["file", "radio", "checkbox"].includes(e.type))
  .map((e) => [e.ariaLabel || e.textContent, e.getBoundingClientRect()])
  .filter(([, box]) => box.width && Math.min(box.width, box.height) < 43.5).map(([name]) => name)"""
TITLES = ("Edit the kernel", "Move the kernel", "Move the kernel over three channels", "Try other layers")
REPLAY = "Replay the training"
SIZES = {"desktop": {}, "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True}}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    """Where the site is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(OUT))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root with its sandbox
        args = [*sandbox, "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=os.environ["COURSE_BROWSER"], args=args)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser, address: str):
    """Opens a page of the site; at the end, its console holds no error and it has asked no other server."""
    contexts, faults = [], []

    def refuse(route) -> None:
        faults.append(f"asks {route.request.url}")
        route.abort()

    def visit(name: str, **options) -> Page:
        contexts.append(context := chromium.new_context(**{"viewport": DESKTOP, **options}))
        page = context.new_page()
        page.route(lambda url: not url.startswith((address, "data:", "blob:")), refuse)
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "response", lambda answer: faults.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None
        )
        page.goto(f"{address}/{name}", wait_until="load")
        start_controls(page)
        page.wait_for_function("!window.MathJax || !MathJax.startup || MathJax.startup.promise.then(() => true)")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not faults, "\n".join(faults)


def start_controls(page: Page) -> None:
    """A control is drawn when the reader comes near it."""
    for control in page.locator(".course-control").all():
        control.scroll_into_view_if_needed()
        expect(control).to_have_attribute("data-ready", "true", timeout=30_000)


def picture(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name.replace('/', '-')}.png")


# Colours that are on their way to others have neither contrast. An endless animation is not waited for.
SETTLED = """Promise.race([
  Promise.allSettled(document.getAnimations().map((animation) => animation.finished)),
  new Promise((done) => setTimeout(done, 3000)),
])"""


def serious(page: Page) -> list[str]:
    page.evaluate(SETTLED)
    page.evaluate(AXE)
    return page.evaluate(FINDINGS)


def test_there_are_pages():
    assert "index.html" in PAGES, f"there is no site in {OUT}: make site"
    assert sum(name.startswith("notebooks/") for name in PAGES) >= 12


@pytest.mark.parametrize("name", PAGES)
def test_page(name: str, open_page):
    page = open_page(name)
    assert page.evaluate(BROKEN) == [], "pictures that cannot be shown"
    assert page.locator("mjx-merror, .math:not(:has(mjx-container))").count() == 0, "formulas that are not drawn"
    assert not (found := serious(page)), "\n".join(found)
    picture(page, name)
    page.set_viewport_size(PHONE)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"on a phone the page is {wide} pixels too wide"
    if PICTURES:
        page.wait_for_timeout(500)  # the sidebars slide away
    picture(page, f"{name}-phone")


@pytest.mark.parametrize("name", [name for name in PAGES if "/" not in name or name.startswith("notebooks/0")])
def test_dark(name: str, open_page):
    page = open_page(name, color_scheme="dark")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    picture(page, f"{name}-dark")
    assert not (found := serious(page)), "\n".join(found)


def test_search_finds_a_lesson(open_page):
    page = open_page("search.html?q=dropout")
    page.wait_for_selector("#search-results li a[href*='08_fashion_mnist_dropout']")


def test_a_lesson_leads_to_colab(open_page):
    page = open_page("notebooks/02_idx_files.html")
    assert page.locator(f"a[href='{badge('notebooks/02_idx_files.ipynb')}']").count() >= 1


# ---- the controls ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_play(size: str, open_page):
    """The controls of the page Play, used with the mouse on a large screen, and with a finger on a phone."""
    page, touch = open_page("play.html", **SIZES[size]), size == "phone"
    if touch:
        assert page.evaluate(TOO_SMALL) == [], "smaller than a finger"
    control = {title: page.locator(f".course-control[data-title='{title}'] .course-widget") for title in TITLES}
    edit_a_kernel(control["Edit the kernel"], touch)
    move_a_kernel(control["Move the kernel"], channels=1, touch=touch)
    move_a_kernel(control["Move the kernel over three channels"], channels=3, touch=touch)
    explore_shapes(control["Try other layers"], touch)
    replay = page.locator(f".course-control[data-title='{REPLAY}']")
    stored = json.loads(replay.locator("script").text_content())
    replay_a_training(replay.locator(".course-widget"), touch, stored)
    picture(page, f"play-used-{size}")
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"the page is now {wide} pixels too wide"


def test_controls_stand_in_their_lessons(open_page):
    page = open_page("notebooks/01_image_filters.html")
    titles = page.locator(".course-control").evaluate_all("all => all.map((control) => control.dataset.title)")
    assert titles == ["Move the kernel", "Edit the kernel", "Move the kernel over three channels"]
    assert page.locator(".course-control .course-widget").count() == 3


@pytest.mark.parametrize("size", SIZES)
def test_draw_a_digit(size: str, open_page):
    """The pad of lesson 05: ten digits with mouse or finger, and one number of the network from layer to layer."""
    page, touch = open_page("notebooks/05_lenet_build_up.html", **SIZES[size]), size == "phone"
    control = page.locator(".course-lenet")
    if touch:
        assert page.evaluate(TOO_SMALL) == [], "smaller than a finger"
    draw_digits(control, touch)
    picture(page, f"digits-{size}")
    follow_a_number(control, touch)
    if not touch:
        write_with_keys(control)
        answers_soon(control)
    picture(page, f"numbers-{size}")
    assert not (found := serious(page)), "\n".join(found)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"the page is now {wide} pixels too wide"


@pytest.mark.parametrize("size", SIZES)
def test_photograph_digits(size: str, open_page):
    """The control of lesson 06 with drawn photographs; what it does stays in the page (see open_page)."""
    page, touch = open_page("notebooks/06_own_digits.html", **SIZES[size]), size == "phone"
    control = page.locator(".course-photo")
    read_a_photograph(control, touch)
    if touch:
        assert page.evaluate(TOO_SMALL) == [], "smaller than a finger"
    picture(page, f"photograph-{size}")
    assert not (found := serious(page)), "\n".join(found)
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, f"the page is now {wide} pixels too wide"
