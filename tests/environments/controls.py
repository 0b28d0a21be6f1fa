"""What a reader does with the controls, and what has to be seen then: the same on the site and in JupyterLab.

Each function gets one control, a locator of its box; `touch` taps where a mouse would click.
"""

import base64
import io
import re
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw
from playwright.sync_api import Locator, expect


def typed(field: Locator, text: str) -> None:
    """Type into a field, as a person does."""
    field.focus()
    field.page.keyboard.press("Control+A")
    field.page.keyboard.type(text)


def point(stage: Locator, row: float, column: float, touch: bool) -> None:
    """Point into a picture, at a place in parts of its height and width."""
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    at = {"x": column * box["width"], "y": row * box["height"]}
    stage.tap(position=at) if touch else stage.click(position=at)


def tap_or_click(control: Locator, touch: bool) -> Callable[[str], None]:
    """A function that presses the button with this name."""

    def press(name: str) -> None:
        button = control.get_by_role("button", name=name)
        button.tap() if touch else button.click()

    return press


def products(control: Locator) -> list[tuple[float, float, float]]:
    """The squares that hold a product: pixel, weight, and what stands below them."""
    found = []
    for text in control.locator(".square").all_inner_texts():
        pixel, weight, product = re.fullmatch(r"(\S+)\s+· (\S+)(?:\s*= (\S+))?", text.strip()).groups()
        if product is not None:
            found.append((float(pixel), float(Fraction(weight)), float(product)))
    return found


def sum_is_shown(control: Locator, sentence: str) -> float:
    """The sum that a sentence says is that of the products that are shown, and each of these is a product."""
    shown = products(control)
    assert all(abs(pixel * weight - product) < 0.06 for pixel, weight, product in shown), shown
    said = float(re.search(r"add up to (-?[\d.]+\d|-?\d)", sentence)[1])
    assert abs(sum(pixel * weight for pixel, weight, _ in shown) - said) < 0.06, (shown, sentence)
    return said


def edit_a_kernel(control: Locator, touch: bool = False) -> None:
    says, drawn = control.locator(".says"), control.locator(".drawn")
    middle = control.get_by_label("weight in row 1, column 1")
    press = tap_or_click(control, touch)
    expect(says).to_contain_text("The weights add up to 0.")
    assert sum_is_shown(control, drawn.inner_text()) != 0

    identity = control.get_by_role("button", name="identity")
    press("identity")
    expect(identity).to_have_attribute("aria-pressed", "true")
    expect(says).to_contain_text("The weights add up to 1.")
    expect(says).to_contain_text("0 are below 0, 0 above 255. Grey")
    pixel = sum_is_shown(control, drawn.inner_text())
    assert pixel == products(control)[4][0]

    typed(middle, "9")  # seen at once, without Enter
    expect(says).to_contain_text("The weights add up to 9.")
    assert sum_is_shown(control, drawn.inner_text()) == 9 * pixel
    expect(drawn).to_contain_text("above 255: cut to 255, white")
    typed(middle, "-1")
    expect(drawn).to_contain_text("It is drawn red.")
    control.get_by_label("Colours").select_option("grey")
    expect(drawn).to_contain_text("below 0: cut to 0, black")
    control.get_by_label("Colours").select_option("auto")
    expect(drawn).to_contain_text("It is drawn red.")

    before = drawn.inner_text()
    point(control.locator(".stage").first, 0.1, 0.9, touch)
    expect(drawn).not_to_have_text(before)
    row, column = map(int, re.search(r"row (\d+), column (\d+)", drawn.inner_text()).groups())
    control.page.keyboard.press("ArrowLeft")
    expect(drawn).to_contain_text(f"At row {row}, column {column - 1} ")
    sum_is_shown(control, drawn.inner_text())

    angle = control.get_by_label("Sobel, angle")
    angle.focus()
    control.page.keyboard.press("End")
    expect(control.get_by_label("weight in row 1, column 0")).to_have_value("2")  # minus Sobel x
    expect(says).to_contain_text("The weights add up to 0.")

    # a picture of one's own: black, then green and white; Sobel x at the first edge
    own = np.zeros((20, 30, 3), dtype=np.uint8)
    own[:, 10:] = [0, 255, 0]
    own[:, 20:] = 255
    file = io.BytesIO()
    Image.fromarray(own).save(file, "PNG")
    control.locator("input[type=file]").set_input_files(
        {"name": "own.png", "mimeType": "image/png", "buffer": file.getvalue()}
    )
    expect(says).to_contain_text("Of 600 results, 80 are below 0")  # two columns at each edge, under minus Sobel x
    press("Sobel x")
    point(control.locator(".stage").first, 10.5 / 20, 9.5 / 30, touch)
    expect(drawn).to_contain_text("At row 10, column 9 the nine products add up to 600. It is drawn blue.")  # 4 * 150
    control.locator("input[type=file]").set_input_files(
        {"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"}
    )
    expect(control.get_by_text("Your browser cannot read this file")).to_be_visible()
    press("The course's picture")
    expect(says).not_to_contain_text("Of 600 results")


def move_a_kernel(control: Locator, channels: int, touch: bool = False) -> None:
    says, slider = control.locator(".says"), control.get_by_label("place", exact=True)
    press = tap_or_click(control, touch)
    size = 9 * channels
    expect(says).to_contain_text(f"Row 0, column 0: all {size} products add up to ")
    sum_is_shown(control, says.inner_text())
    press("one place on")
    expect(says).to_contain_text("Row 0, column 1: all")
    press("one place back")
    expect(says).to_contain_text("Row 0, column 0: all")
    press("add one product")
    expect(says).to_contain_text(f"Row 0, column 1: 1 product of {size} add")
    assert len(products(control)) == 1
    for _ in range(3):
        press("add one product")
    expect(says).to_contain_text(f"4 products of {size} add")
    sum_is_shown(control, says.inner_text())

    slider.focus()
    control.page.keyboard.press("End")
    expect(says).to_contain_text("Row 5, column 7: all")
    total = sum_is_shown(control, says.inner_text())
    if channels == 3:
        parts = re.search(r"\(red (\S+), green (\S+), blue (\S+)\)", says.inner_text()).groups()
        assert abs(sum(map(float, parts)) - total) < 0.16
    point(control.locator(".stage").last, 0.5 / 6, 2.5 / 8, touch)
    expect(says).to_contain_text("Row 0, column 2: all")
    control.page.keyboard.press("ArrowDown")
    expect(says).to_contain_text("Row 1, column 2: all")
    press("Play")
    expect(says).to_contain_text("Row 1, column 4: all")
    press("Pause")
    sum_is_shown(control, says.inner_text())


def explore_shapes(control: Locator, touch: bool = False) -> None:
    says, table = control.locator(".says"), control.locator("table")
    press = tap_or_click(control, touch)
    typed(control.get_by_label("kernel of layer 1"), "7")
    expect(table).to_contain_text("1: conv 7x7")
    expect(says).to_contain_text("Layer 1, conv 7x7: 6 channels of 22x22.")
    press("+ max pool")
    expect(says).to_contain_text("Layer 2, max pool 2x2: 6 channels of 11x11.")
    expect(says).to_contain_text("depends on 64 of 784 pixels. Its neighbour looks 2 pixels further.")
    typed(control.get_by_label("kernel of layer 2"), "40")
    expect(says).to_have_text(re.compile("^Layer 2 cannot work. The window is 40 wide, what comes only 22"))
    press("remove layer 2")
    expect(says).to_contain_text("6 channels of 22x22.")

    press("LeNet")
    expect(says).to_contain_text("All layers: 44,426 parameters, 281,640 multiply-adds.")
    control.get_by_label("4: max pool 2x2").check()
    expect(says).to_contain_text("The output in row 0, column 0 depends on 256 of 784 pixels.")
    point(control.locator(".stage").last, 0.9, 0.9, touch)
    expect(says).to_contain_text("The output in row 3, column 3 depends on 256 of 784 pixels.")
    control.page.keyboard.press("ArrowUp")
    expect(says).to_contain_text("The output in row 2, column 3")
    point(control.locator(".stage").first, 0.1, 0.1, touch)
    expect(says).to_contain_text("The output in row 0, column 0")
    control.page.keyboard.press("ArrowRight")  # in the picture, an arrow goes one output further
    expect(says).to_contain_text("The output in row 0, column 1")
    control.get_by_label("4: max pool 2x2").focus()
    control.page.keyboard.press("ArrowUp")
    expect(control.get_by_label("3: conv 5x5")).to_be_focused()
    expect(says).to_contain_text("Layer 3, conv 5x5: 16 channels of 8x8.")


def numbers_of(packed: dict) -> np.ndarray:
    """An array of a stored state."""
    return np.frombuffer(base64.b64decode(packed["base64"]), packed["kind"]).reshape(packed["shape"])


def replay_a_training(control: Locator, touch: bool = False, stored: dict | None = None) -> None:
    """From moment to moment with keys, hand and button; the table is that of the sentence, and of what is stored."""
    page, says, slider = control.page, control.locator(".says"), control.get_by_label("moment")
    heard, kernels = control.get_by_role("status"), control.get_by_role("img", name="kernel")
    press = tap_or_click(control, touch)
    last = int(slider.get_attribute("max"))
    confusion = numbers_of(stored["confusion"]) if stored else None
    weights = numbers_of(stored["kernels"]) if stored else None

    def moment_is(m: int) -> None:
        expect(slider).to_have_value(str(m))
        expect(says).to_have_text(re.compile("^At the start: " if m == 0 else "^After "))
        rows = [row.locator("td").all_inner_texts() for row in control.locator("tbody tr").all()]
        table = np.array([[int(text or 0) for text in row] for row in rows])
        text = says.inner_text()
        loss, right, samples = re.search(r"validation loss (\S+), (\S+) % of (\S+) pictures right", text).groups()
        assert table.sum() == int(samples.replace(",", ""))
        assert right == f"{100 * np.trace(table) / table.sum():.2f}"
        mistakes = table * ~np.eye(len(table), dtype=bool)
        truth, answer, times = re.search(r"mistake: (\d) as (\d), (\w+)", text).groups()
        most = 1 if times == "once" else int(times)
        assert mistakes.max() == most == mistakes[int(truth), int(answer)]
        if stored:
            assert np.array_equal(table, confusion[m]) and loss == f"{stored['loss'][m]:.4f}"
            assert f"{stored['steps'][m]:,} steps" in text or m == 0
            assert f"largest weight is {abs(weights[m]).max():.3f}" in text
            for kernel, drawn in zip(weights[m], kernels.all(), strict=True):
                found = re.search(r"weights from (\S+) to (\S+)", drawn.get_attribute("aria-label")).groups()
                assert np.allclose([float(one) for one in found], [kernel.min(), kernel.max()], atol=0.0051)

    moment_is(0)
    slider.focus()
    for m, key in ((1, "ArrowRight"), (2, "ArrowUp"), (1, "ArrowLeft"), (last, "End"), (0, "Home")):
        page.keyboard.press(key)
        moment_is(m)
    assert slider.get_attribute("aria-valuetext") == "at the start"
    for part in (0.999, 0.5):
        point(slider, 0.5, part, touch)
    chosen = int(slider.input_value())
    assert 0 < chosen < last
    moment_is(chosen)
    expect(heard).to_have_text(says.inner_text())

    before = heard.inner_text()
    press("Play")
    expect(slider).to_have_value(str(chosen + 1))
    if chosen + 1 < last:
        expect(heard).to_have_text(before)  # silent while it moves
        press("Pause")
    moment_is(int(slider.input_value()))
    expect(heard).to_have_text(says.inner_text())

    page.emulate_media(reduced_motion="reduce")  # one moment at each press
    slider.focus()
    page.keyboard.press("Home")
    press("Next")
    page.wait_for_timeout(1500)
    moment_is(1)
    page.emulate_media(reduced_motion="no-preference")


# ---- the pad with a network ----

# Each digit as a person may draw it with a mouse, in percent of the pad: other strokes than those of digit_pad.py.
DRAWN = (
    "50,12 30,25 24,50 32,76 50,88 70,75 76,50 68,24 50,12",
    "38,30 52,12 52,88",
    "25,32 35,16 55,12 70,24 68,42 24,86 76,86",
    "26,16 70,14 46,42 66,52 70,70 56,86 28,84",
    "40,10 24,56 76,56; 62,34 60,90",
    "72,12 34,12 30,44 58,42 72,58 68,78 50,88 26,82",
    "64,10 40,32 28,60 34,82 52,88 68,78 66,60 50,54 32,66",
    "24,14 76,14 56,48 42,88",
    "62,18 44,12 32,22 40,38 62,54 70,72 52,88 34,76 38,58 60,40 66,26 62,18",
    "66,28 50,12 34,20 34,38 50,46 66,34 66,24 62,60 54,90",
)


class Pad:
    """What a student sees of the pad, and what her hands do."""

    def __init__(self, control: Locator, touch: bool = False):
        self.control, self.page, self.touch = control, control.page, touch
        self.paper, self.says = control.locator(".paper"), control.locator(".answer .says")
        self.clear_button = control.get_by_role("button", name="Clear")
        self.finger = self.page.context.new_cdp_session(self.page) if touch else None

    def clear(self) -> None:
        self.clear_button.tap() if self.touch else self.clear_button.click()
        expect(self.says).to_contain_text("Draw a digit.")

    def draw(self, text: str, scale: float = 1.0, x: float = 0.0, y: float = 0.0, lift: bool = True) -> None:
        """Strokes "x,y x,y; ..." in percent, made smaller and moved, both in parts of the pad."""
        self.paper.evaluate("paper => paper.scrollIntoView({block: 'center', behavior: 'instant'})")
        box = self.paper.bounding_box()
        for stroke in text.split(";"):
            corners = np.array([point.split(",") for point in stroke.split()], dtype=float) / 100 * scale + [x, y]
            corners = corners * [box["width"], box["height"]] + [box["x"], box["y"]]
            points = [a + (b - a) * part / 3 for a, b in pairwise(corners) for part in (1, 2, 3)]
            if self.touch:
                self._touch("touchStart", corners[0])
                for point in points:
                    self._touch("touchMove", point)
                if lift:
                    self._touch("touchEnd")
            else:
                self.page.mouse.move(*corners[0])
                self.page.mouse.down()
                for point in points:
                    self.page.mouse.move(*point)
                if lift:
                    self.page.mouse.up()

    def _touch(self, kind: str, *points: np.ndarray) -> None:
        touched = [{"x": point[0], "y": point[1]} for point in points]
        self.finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})

    def answer(self) -> str:
        """What the page says after the next pictures of the screen."""
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.says.inner_text()

    def seen(self) -> list[int]:
        """The picture that the network sees."""
        pixels = """canvas => {
          const {data, width} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const side = width / 28;
          return Array.from({length: 784}, (_, i) => data[4 * (Math.floor(i / 28) * side * width + (i % 28) * side)]);
        }"""
        return self.control.locator(".layer canvas").first.evaluate(pixels)


def draw_digits(control: Locator, touch: bool = False) -> None:
    """Ten digits, small and large, here and there: at least nine are read; and what else a hand does on the pad."""
    pad = Pad(control, touch)
    expect(pad.says).to_contain_text("The network answers 7")  # the stored digit
    right = []
    for digit, strokes in enumerate(DRAWN):
        pad.clear()
        scale, place = 0.45 + 0.05 * digit, digit % 3 / 4 * (0.55 - 0.05 * digit)
        pad.draw(strokes, scale, place, place)
        if f"The network answers {digit} " in pad.answer():
            right.append(digit)
    print(f"\ndrawn with {'a finger' if touch else 'the mouse'}: {len(right)} of 10 digits are read, {right}")
    assert len(right) >= 9

    # the answer comes while the line is drawn, before the button is released
    pad.clear()
    pad.draw(DRAWN[7], lift=False)
    assert "The network answers 7 " in pad.answer()
    if touch:
        pad._touch("touchEnd")
    else:
        pad.page.mouse.up()

    # a small digit in the corner: with the box unticked, the network sees it there
    pad.clear()
    pad.draw(DRAWN[3], 0.3)
    pad.answer()
    centred, box = pad.seen(), control.get_by_label("scale and centre")
    box.uncheck()
    pad.answer()
    corner = pad.seen()
    assert any(centred[28 * 20 :]) and not any(corner[28 * 12 :]) and any(corner[: 28 * 12])
    box.check()
    assert pad.answer() and pad.seen() == centred


def write_with_keys(control: Locator) -> None:
    """The keyboard alone: a vertical line is a 1. Only Tab leaves the pad."""
    pad, keyboard = Pad(control), control.page.keyboard
    pad.clear()
    pad.paper.focus()
    for keys in (["ArrowUp"] * 7, [" "], ["ArrowDown"] * 14, [" "]):
        for key in keys:
            keyboard.press(key)
    assert "The network answers 1 " in pad.answer()
    for key in "abdd":
        keyboard.press(key)
    keyboard.press("Delete")
    expect(pad.says).to_contain_text("Draw a digit.")
    keyboard.press("Tab")
    expect(pad.clear_button).to_be_focused()


def follow_a_number(control: Locator, touch: bool = False) -> None:
    """From the first convolution up to softmax: each sum is that of the numbers on the page, and leads to the next."""
    pad, told = Pad(control, touch), control.locator(".told")
    pad.clear()
    pad.draw(DRAWN[3])
    answer = re.search(r"The network answers (\d) \((\d+) %\)", pad.answer())
    press = tap_or_click(control, touch)
    maps = control.locator(".maps")
    names = control.locator(".layer .name").all_inner_texts()
    point(maps.nth(names.index("conv1")), 0.25, 0.17, touch)  # in the first map
    kinds, value = [], None
    while True:
        text = told.inner_text()
        name, result = re.match(r"([^,]+), ", text)[1], result_of(text)
        kinds.append(name)
        assert control.locator(".ring.unit").count() == 1
        if " add up to " in text:  # patch times kernel, or inputs times weights
            said, sign, bias = re.search(r"add up to (\S+); with the bias, \S+ ([+-]) (\S+) = ", text).groups()
            assert abs(float(said) + float(sign + bias) - result) < 2e-4, text
            assert abs(sum_of_products(control) - float(said)) < 2e-3, text
            assert control.locator(".ring.seen").count() or name.startswith("fc")
        elif name == "ReLU":
            assert result == max(value, 0) or "becomes 0" in text and value <= 0, text
        elif name == "MaxPool":
            assert result >= value - 1e-4, text
        elif name == "Flatten":
            assert result == value, text
        if name == "softmax":
            break
        value = result
        press("one layer on")
        expect(told).not_to_have_text(text)
    assert kinds == names[names.index("conv1") :], kinds
    press("one layer back")
    expect(told).to_contain_text(f"{names[-2]}, ")
    control.get_by_label("layer", exact=True).select_option(label=f"{len(names) - 1} softmax")
    typed(control.get_by_label("unit", exact=True), answer[1])
    expect(told).to_contain_text(f"softmax, class {answer[1]}: ")
    share = result_of(told.inner_text())
    assert round(100 * share) == int(answer[2]), "the number at the end is the answer on the pad"
    shares = [float(row.split()[-1]) for row in control.locator(".terms tr").all_inner_texts()[1:-1]]
    assert abs(sum(shares) - 1) < 2e-3 and shares.index(max(shares)) == int(answer[1])

    maps.nth(1).focus()  # with the keyboard
    control.page.keyboard.press("End")
    control.page.keyboard.press("PageDown")
    control.page.keyboard.press("ArrowLeft")
    expect(told).to_contain_text(re.compile(r"conv1, map 1, row \d+, column 22: "))
    control.get_by_label("row", exact=True).focus()
    control.page.keyboard.press("Escape")  # closes the explanation, and goes back to the layer
    expect(told).to_contain_text("Point at a square of a layer")
    expect(maps.nth(1)).to_be_focused()


def result_of(text: str) -> float:
    """The number that a sentence about a number ends with; or begins with, when the number stays as it is."""
    return float(re.search(r": (\S+) " if re.search(r"stays|one list", text) else r"(\S+)\.$", text)[1])


def sum_of_products(control: Locator) -> float:
    """The sum of the products that the page shows, after a look at each: is it its two factors' product?"""
    if control.locator(".terms").count():  # of a linear layer: the largest, all others, bias, sum
        rows = [row.split("\t") for row in control.locator(".terms tr").all_inner_texts()[1:]]
        for row in rows:
            if row[1].strip():
                assert abs(float(row[1]) * float(row[2]) - float(row[3])) < 2e-3 + 2e-4 * abs(float(row[1])), row
        return sum(float(row[3]) for row in rows[:-2])
    exact = "cells => cells.map((cell) => Number(cell.title))"
    total = 0.0
    channels = control.locator(".channels button")
    for i in range(max(channels.count(), 1)):
        if channels.count():
            channels.nth(i).evaluate("button => button.click()")
        patch, kernel, products = (
            np.array(control.locator(".grids table").nth(k).locator("td").evaluate_all(exact)) for k in range(3)
        )
        assert np.allclose(patch * kernel, products, atol=1e-5), (patch, kernel, products)
        total += products.sum()
    return total


SPEED = """(control) => {
  window.times = [];
  let from = null;
  control.querySelector(".paper").addEventListener("pointermove", (e) => e.buttons && (from ??= e.timeStamp), true);
  new MutationObserver(() => {
    if (from !== null) times.push(performance.now() - from);
    from = null;
  }).observe(control.querySelector(".answer"), {subtree: true, childList: true, characterData: true, attributes: true});
}"""


def answers_soon(control: Locator) -> None:
    """How long is it from a stroke to the answer, on a processor that is slowed fourfold, as a phone's is?"""
    pad, slower = Pad(control), control.page.context.new_cdp_session(control.page)
    pad.clear()
    control.evaluate(SPEED)
    slower.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    for digit in (8, 9):
        pad.draw(DRAWN[digit])
    slower.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    pad.answer()
    times = control.page.evaluate("times")
    print(
        f"\nfrom stroke to answer, CPU slowed fourfold: median {np.median(times):.0f} ms of {len(times)}, "
        f"slowest {max(times):.0f} ms"
    )
    assert len(times) > 10 and np.median(times) < 300


# ---- a photograph of one's own digits ----


def photograph(digits: list[list[int]], turned: int = 1) -> bytes:
    """A page as a telephone takes it, with a shadow: a JPEG with the note how it was held (EXIF, 1 to 8).

    Its digits are those of DRAWN, row by row.
    """
    side = 130
    page = Image.new("L", (side * (len(digits[0]) + 1), side * (len(digits) + 1)), 225)
    pen = ImageDraw.Draw(page)
    for row, line in enumerate(digits):
        for column, digit in enumerate(line):
            corner = side * np.array([column + 0.5, row + 0.5]) + side * 0.1
            for stroke in DRAWN[digit].split(";"):
                corners = np.array([point.split(",") for point in stroke.split()], dtype=float) / 100
                pen.line([tuple(corner + 0.8 * side * place) for place in corners], 45, width=9, joint="curve")
    light = np.linspace(1, 0.6, page.width)
    light[: page.width // 2] *= 0.8  # a shadow with an edge
    lit = Image.fromarray(np.rint(np.asarray(page) * light).astype(np.uint8))
    back = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}[turned]
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = turned
    (lit.transpose(back) if back else lit).convert("RGB").save(file, "JPEG", exif=exif, quality=90)
    return file.getvalue()


def read_a_photograph(control: Locator, touch: bool = False) -> None:
    """The course's page, a photograph of one's own, and files that are none."""
    says, found = control.locator(".says"), control.locator(".found button")
    press, page = tap_or_click(control, touch), control.page
    expect(says).to_contain_text("40 digits were found. The network reads, row by row: ", timeout=60_000)
    expect(found).to_have_count(40)
    expect(control.locator(".steps figure:visible")).to_have_count(5)
    expect(control).to_contain_text("Your photograph stays on this device")
    assert control.locator("input[capture]").count() == touch, "a button for the camera, where there is one"

    def choose(content: bytes, name: str, kind: str = "image/jpeg") -> None:
        control.locator("input[type=file]").last.set_input_files({"name": name, "mimeType": kind, "buffer": content})

    # ten digits on two rows, upright and as a telephone stores them: the network reads at least nine
    for turned in (1, 6):
        choose(photograph([[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]], turned), f"turned_{turned}.jpg")
        expect(says).to_contain_text("10 digits were found", timeout=60_000)
        rows = re.search(r"row by row: (.*)\.", says.inner_text())[1].split(" | ")
        right = [int(text) == digit for digit, text in enumerate(" ".join(rows).split())]
        print(f"\nphotograph, EXIF {turned}: {rows}")
        assert [len(row.split()) for row in rows] == [5, 5] and sum(right) >= 9, rows
        choose(b"no picture", "notes.jpg")
        expect(says).to_have_text("notes.jpg cannot be read as a picture. JPEG and PNG work.")

    # the numbers of one digit: by a button, by a tap on the photograph, by the arrow keys
    choose(photograph([[3, 7], [2, 0]]), "four.jpg")
    expect(found).to_have_count(4, timeout=60_000)
    one = control.locator(".one .title")
    expect(one).to_contain_text("Row 1, digit 1: the network answers 3 (")
    third = control.get_by_role("radio", name="row 2, digit 1: 2, ")
    third.tap() if touch else third.click()
    expect(one).to_contain_text("Row 2, digit 1: the network answers 2 (")
    shares = [int(text.split()[0]) for text in control.locator(".one .percent").all_inner_texts()]
    assert max(shares) == shares[2] and 97 <= sum(shares) <= 103
    point(control.locator(".page canvas"), 0.35, 0.65, touch)
    expect(one).to_contain_text("Row 1, digit 2: the network answers 7 (")
    found.nth(1).focus()
    page.keyboard.press("ArrowDown")
    expect(one).to_contain_text("Row 2, digit 2: the network answers 0 (")
    expect(found.nth(3)).to_be_focused()
    expect(found.nth(3)).to_have_attribute("aria-checked", "true")
    expect(control.locator(".one figcaption").last).to_contain_text(re.compile(r"at row 1[34]\S*, column 1[34]"))

    # what is no page of digits gets the reason that Python gives
    empty, file = Image.new("RGB", (900, 1200), (230, 230, 230)), io.BytesIO()
    empty.save(file, "PNG")
    choose(file.getvalue(), "empty.png", "image/png")
    expect(says).to_contain_text("No ink was found: the darkest part is only 0 grey values darker", timeout=60_000)
    expect(found).to_have_count(0)
    choose(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "IMG_1.HEIC", "image/heic")
    expect(says).to_contain_text("IMG_1.HEIC is a HEIC file, which an iPhone makes")
    press("A page on a desk")
    expect(says).to_contain_text("40 digits were found", timeout=60_000)
    expect(control.locator(".steps")).to_contain_text("40 of 41 pieces are digits; 1 (grey) is too small, too large")
