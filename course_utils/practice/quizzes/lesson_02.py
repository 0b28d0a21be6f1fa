"""The quiz of lesson 02: IDX files."""

from course_utils.practice.quiz import question, right, wrong

SIZE = bytes.fromhex("00002710")
SHAPE, BYTES_EACH = (100, 3), 4
ELEMENTS = SHAPE[0] * SHAPE[1]
HEADER = 4 + 4 * len(SHAPE)

QUESTIONS = (
    question(
        "An IDX file starts with `00 00 08 01 00 00 27 10`. What does it hold?",
        right(
            f"`{int.from_bytes(SIZE, 'big'):,}` unsigned bytes",
            f"`0x27` is `{SIZE[2]}`, `0x10` is `{SIZE[3]}`, and `{SIZE[2]} * 256 + {SIZE[3]}` is "
            f"`{int.from_bytes(SIZE, 'big'):,}`.",
        ),
        wrong(f"`{int.from_bytes(SIZE, 'little'):,}` unsigned bytes", "this reads the size as little-endian."),
        wrong(f"`{int(SIZE.hex()):,}` unsigned bytes", "this reads the hexadecimal digits as decimal ones."),
        wrong(
            "one picture of `27 × 10` pixels",
            "byte 3 is `01`, so there is one dimension, and its size takes four bytes.",
        ),
    ),
    question(
        f"How many bytes does an IDX file of `float32` (4 bytes each) with the shape `{SHAPE}` have?",
        wrong(ELEMENTS, "this counts the elements, not their bytes, and no header."),
        wrong(ELEMENTS + HEADER, f"the header of `{HEADER}` bytes is there, but each element has 4 bytes."),
        wrong(ELEMENTS * BYTES_EACH, "these are the elements; the header is missing."),
        right(ELEMENTS * BYTES_EACH + HEADER, "`4 + 2 * 4` for the header and `100 * 3 * 4` for the elements."),
    ),
    question(
        "Why does `IdxDataset` divide by 255 in `__getitem__`, and not once for all in `__init__`?",
        wrong("A tensor of `uint8` cannot be divided.", "it can; the result is a float tensor."),
        wrong("The division in `__getitem__` is more exact.", "the same division gives the same result everywhere."),
        right(
            "All pictures as `float32` take four times the memory.",
            "`uint8` needs one byte for each pixel, `float32` needs four.",
        ),
        wrong("A `DataLoader` accepts only `uint8`.", "it stacks tensors of any type."),
    ),
    question(
        "You standardise the *test* pictures. Which mean do you subtract?",
        wrong(
            "The mean of the test pictures",
            "the network would get inputs that are scaled in another way than in training. With one single new picture "
            "there is no test set at all.",
        ),
        right("The mean of the training pictures", "it is fixed before any test picture is seen."),
        wrong("The mean of all pictures", "information from the test set would get into training."),
        wrong(
            "The mean of each single picture",
            "this is another method; it removes the difference between dark and bright pictures.",
        ),
    ),
)
