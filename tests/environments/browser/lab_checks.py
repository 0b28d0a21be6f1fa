"""Lessons in a real JupyterLab, with a real browser, mouse and keyboard: make test-browser.

The name keeps pytest from collecting this file by itself: it needs a browser, the real data and two minutes. JupyterLab
runs on a copy of the lessons, with settings of its own.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from course_utils import ROOT
from tests.environments.controls import (
    draw_digits,
    edit_a_kernel,
    explore_shapes,
    follow_a_number,
    move_a_kernel,
    replay_a_training,
    write_with_keys,
)

PICTURES = os.environ.get("COURSE_BROWSER_PICTURES")

# The open notebook, read from JupyterLab's own model.
STATE = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  const kernel = panel?.sessionContext?.session?.kernel;
  if (!panel?.content?.widgets || !kernel) return null;
  const cells = panel.content.widgets.map((c) => c.model).filter((m) => m.type === 'code')
    .map((m) => ({count: m.executionCount, running: m.executionState === 'running', outputs: m.outputs.toJSON()}));
  return {kernel: kernel.status, cells, all: panel.content.widgets.length};
}"""


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


SETUP = 'import sys\nsys.path[:0] = [".."]\nfrom course_utils.course import setup\ncourse = setup(lesson="05")'
NOTEBOOKS = {  # small ones, written for these tests
    # the pad with a network that has seen 20,000 real digits once, each moved a little
    "pad.ipynb": (
        SETUP,
        """import torch
from course_utils.data import load, loader, pad_and_crop
from course_utils.models import LeNet
from course_utils.train import evaluate, fit

mnist = load("mnist")
train = mnist.train.with_transform(lambda images: pad_and_crop(images, 2))
batches, model = loader(train.subset(slice(20_000)), batch_size=64, shuffle=True), LeNet()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.003)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.006, total_steps=len(batches))
fit(model, batches, epochs=1, optimizer=optimizer, scheduler=schedule, scheduler_interval="step", verbose=False)
print("validation:", evaluate(model, loader(mnist.validation, batch_size=500)))""",
        "from course_utils.widgets.digit_pad import digit_pad\ndigit_pad(model, mnist)",
    ),
    # the picker with a network of one layer, which is often right and often wrong; and a few of the true classes
    "picker.ipynb": (
        SETUP,
        """import torch
from torch import nn
from course_utils.data import load, loader
from course_utils.train import fit

fashion = load("fashion_mnist")
batches = loader(fashion.train.subset(slice(5_000)), batch_size=50)
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
history = fit(model, batches, epochs=1, optimizer=torch.optim.SGD(model.parameters(), lr=0.01), verbose=False)""",
        "from course_utils.widgets.picker import picker\npicker(model, fashion.test, fashion.classes)",
        "print(*(fashion.classes[k] for k in fashion.test.labels[:20]), sep=', ')",
    ),
    "shapes.ipynb": (
        SETUP,
        "from course_utils.widgets.shapes import shape_explorer\nshape_explorer(28, kernel_size=5)",
    ),
    "replay.ipynb": (
        SETUP,
        """import torch
from course_utils.data import load, loader
from course_utils.models import LeNet
from course_utils.train import fit
from course_utils.widgets.replay import Recording, replay

mnist = load("mnist")
batches, validation = (loader(part.subset(slice(2_000)), batch_size=100) for part in (mnist.train, mnist.validation))
model, recording = LeNet(), Recording(within=(5, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
fit(model, batches, validation, epochs=3, optimizer=optimizer, callbacks=[recording], verbose=False)
replay(recording, mnist.classes)""",
    ),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab on a copy of the lessons."""
    work, own = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("jupyter")
    for name in ("notebooks", "course_utils", "images"):
        shutil.copytree(ROOT / name, work / name, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for name, sources in NOTEBOOKS.items():
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), work / "notebooks" / name)
    for path, value in {
        "docmanager-extension/plugin": {"autosave": False},
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
        "notebook-extension/tracker": {"windowingMode": "none"},  # draw every cell, also those out of view
    }.items():
        file = own / "settings" / "@jupyterlab" / f"{path}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value), encoding="utf-8")
    environment = os.environ | {
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "COURSE_INTERACTIVE": "1",
        "COURSE_SPEED": "smoke",
        "COURSE_DATA_DIR": os.environ.get("COURSE_DATA_DIR") or str(ROOT / "data"),
    }
    port, token = free_port(), os.urandom(16).hex()
    options = (
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={work}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
    )
    log = own / "server.log"
    with log.open("w") as out:
        command = [sys.executable, "-m", "jupyterlab", *options]
        server = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=environment, cwd=work)
    try:
        end = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={token}", timeout=2).close()
                break
            except OSError:
                if server.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.3)
        yield lambda notebook: f"http://127.0.0.1:{port}/lab/tree/notebooks/{notebook}?reset&token={token}"
    finally:
        server.terminate()  # the server ends its kernels
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses root with its sandbox
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("COURSE_BROWSER") or shutil.which("chromium"),
            args=[*sandbox, "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield browser
        browser.close()


@contextmanager
def notebook(chromium, address: str, name: str):
    """A page with the notebook, after all its cells have run; at the end no error may stand anywhere."""
    page, errors = chromium.new_page(viewport={"width": 1400, "height": 1000}), []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    # The Colab badge and the like: no test waits for another server.
    page.route(lambda url: "//127.0.0.1" not in url, lambda route: route.fulfill(status=200, body=""))
    try:
        page.goto(address, wait_until="domcontentloaded")
        page.wait_for_selector(".jp-Notebook", timeout=90_000)
        page.wait_for_selector("#jupyterlab-splash", state="detached")
        wait(page, lambda state: state["kernel"] == "idle", 90, "an idle kernel")
        for menu, item in (("Edit", "Clear Outputs of All Cells"), ("Run", "Run All Cells")):
            page.get_by_role("menuitem", name=menu, exact=True).first.click()
            page.locator(".lm-Menu-item", has_text=item).first.click()
        state = wait(page, finished, 150, "the end of all cells")
        shown = [out for cell in state["cells"] for out in cell["outputs"]]
        assert not [out["evalue"] for out in shown if out["output_type"] == "error"]
        assert all(cell["count"] for cell in state["cells"])
        yield page
        state = page.evaluate(STATE)
        shown = [out for cell in state["cells"] for out in cell["outputs"]]
        assert not [out["evalue"] for out in shown if out["output_type"] == "error"]
        assert not [out["text"] for out in shown if out.get("name") == "stderr"]
        broken = page.locator(".jp-OutputArea", has_text="Error displaying widget").count()
        assert broken == 0, "a widget could not be shown"
        assert not errors, "the browser's console holds errors:\n" + "\n".join(errors)
    finally:
        screenshot(page, f"{name}-end")
        page.close()


def screenshot(page: Page, name: str) -> None:
    if PICTURES:
        Path(PICTURES).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{PICTURES}/{name}.png")


def wait(page: Page, reached, seconds: float, what: str) -> dict:
    end, state = time.monotonic() + seconds, None
    while time.monotonic() < end:
        state = page.evaluate(STATE)
        if state and reached(state):
            return state
        page.wait_for_timeout(300)
    pytest.fail(f"waited {seconds} s for {what}; the kernel is {state and state['kernel']}")


def finished(state: dict) -> bool:
    cells = state["cells"]
    if state["kernel"] != "idle" or any(cell["running"] for cell in cells):
        return False
    failed = any(out["output_type"] == "error" for cell in cells for out in cell["outputs"])
    return failed or all(cell["count"] for cell in cells)


# ---- the pad -------------------------------------------------------------------------------------------------------


def test_the_pad_recognises_digits(lab, chromium):
    with notebook(chromium, lab("pad.ipynb"), "pad") as page:
        assert page.locator(".jp-OutputArea img").count() == 1, "a figure stands before the pad"
        cells, control = page.evaluate(STATE)["all"], page.locator(".course-lenet")
        draw_digits(control)
        screenshot(page, "digits")
        follow_a_number(control)
        write_with_keys(control)  # JupyterLab's own keys (A, B, D D, arrows) must not act
        screenshot(page, "numbers")
        assert page.evaluate(STATE)["all"] == cells


# ---- controls that the browser computes ------------------------------------------------------------------------------


def test_the_kernels_of_lesson_01_move_and_change(lab, chromium):
    with notebook(chromium, lab("01_image_filters.ipynb"), "kernels") as page:
        cells = page.evaluate(STATE)["all"]
        grey, colour = page.locator(".course-moving-kernel").all()
        move_a_kernel(grey, channels=1)
        edit_a_kernel(page.locator(".course-kernel-editor"))
        move_a_kernel(colour, channels=3)
        screenshot(page, "kernels")
        page.locator(".course-kernel-editor button").first.focus()
        for key in "abdd":
            page.keyboard.press(key)
        assert page.evaluate(STATE)["all"] == cells, "no key reached JupyterLab"


def test_the_shape_explorer_answers_what_is_typed(lab, chromium):
    with notebook(chromium, lab("shapes.ipynb"), "shapes") as page:
        expect(page.locator(".jp-OutputArea img")).to_have_count(1)  # a figure stands before the control
        explore_shapes(page.locator(".course-shape-explorer"))
        page.set_viewport_size({"width": 800, "height": 1000})
        screenshot(page, "shapes-narrow")


def test_a_training_is_replayed(lab, chromium):
    with notebook(chromium, lab("replay.ipynb"), "replay") as page:
        expect(page.locator(".jp-OutputArea img")).to_have_count(1)  # a figure stands before the control
        replay_a_training(page.locator(".course-replay"))
        screenshot(page, "replay")


# ---- controls of ipywidgets ----------------------------------------------------------------------------------------


class Control:
    """A control with fields, one picture and one text, found by the label of one of its fields."""

    def __init__(self, page: Page, label: str):
        self.page = page
        self.box = page.locator(".widget-box", has=page.get_by_text(label, exact=True)).first  # the outermost
        self.picture, self.says = self.box.locator("img"), self.box.locator(".widget-html")
        self.says.scroll_into_view_if_needed()
        self.shown = [self.picture.get_attribute("src")]

    def field(self, label: str):
        return self.box.get_by_label(label, exact=True)

    def type(self, label: str, text: str) -> None:
        self.field(label).focus()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def slider(self, label: str):
        """The handle, the track and the number of a slider."""
        slider = self.box.locator(".widget-slider", has_text=label)
        return (slider.locator(part) for part in (".noUi-handle", ".noUi-base", ".widget-readout"))

    def changed(self, text: str) -> None:
        """The text says this, and the picture is another one."""
        expect(self.says).to_contain_text(text, timeout=15_000)
        expect(self.picture).not_to_have_attribute("src", self.shown[-1], timeout=15_000)
        wait(self.page, lambda state: state["kernel"] == "idle", 20, "the last picture")
        self.shown.append(self.picture.get_attribute("src"))


def test_the_picker_shows_the_picture_that_is_chosen(lab, chromium):
    with notebook(chromium, lab("picker.ipynb"), "picker") as page:
        expect(page.locator(".jp-OutputArea img")).to_have_count(2)  # a figure stands before the control
        state = page.evaluate(STATE)
        truth, cells = state["cells"][-1]["outputs"][0]["text"].strip().split(", "), state["all"]
        picker = Control(page, "picture")
        (handle, track, _), field = picker.slider("picture"), picker.field("number, 0 to 9999")
        pictures = {}

        def look(i: int) -> None:
            """Field, sentence and picture are those of number i."""
            expect(field).to_have_value(str(i))
            expect(picker.says).to_have_text(re.compile("right$|wrong$"))
            name, answer, verdict = re.match(
                rf"Picture {i}, (.+): the network answers (.+), (\w+)", picker.says.inner_text()
            ).groups()
            assert (name == answer) == (verdict == "right")
            assert i >= len(truth) or name == truth[i]
            picker.picture.evaluate("img => img.decode()")
            shown = picker.picture.screenshot()
            assert pictures.setdefault(i, shown) == shown and list(pictures.values()).count(shown) == 1
            screenshot(page, f"picker{i}")

        look(0)
        handle.focus()
        for key, i in (("ArrowRight", 1), ("ArrowUp", 2), ("ArrowLeft", 1), ("End", 9999), ("Home", 0)):
            page.keyboard.press(key)
            picker.changed(f"Picture {i},")
            look(i)
        page.keyboard.press("Tab")
        expect(field).to_be_focused()
        page.keyboard.press("ArrowUp")
        picker.changed("Picture 1,")
        look(1)
        picker.type("number, 0 to 9999", "17")  # seen at once, without Enter
        picker.changed("Picture 17,")
        look(17)
        picker.type("number, 0 to 9999", "123456")
        picker.changed("Picture 9999,")
        look(9999)

        at, base = handle.bounding_box(), track.bounding_box()
        y = at["y"] + at["height"] / 2
        page.mouse.move(at["x"] + at["width"] / 2, y)
        page.mouse.down()
        page.mouse.move(base["x"] - 20, y, steps=6)
        page.mouse.up()
        picker.changed("Picture 0,")
        look(0)
        page.mouse.click(base["x"] + base["width"] / 2, y)
        picker.changed("Picture ")
        assert 4000 < int(field.input_value()) < 6000
        look(int(field.input_value()))
        assert page.evaluate(STATE)["all"] == cells, "no key reached JupyterLab"
