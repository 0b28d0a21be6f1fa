"""What a reader does with the controls, and what has to be seen then: the same on the site and in JupyterLab.

Each function gets one control, a locator of its box; `touch` taps where a mouse would click.
"""

import io
import re
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from PIL import Image
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
