"""The quiz of lesson 06: digits of one's own."""

from course_utils.practice.quiz import question, right, wrong

PAPER, INK = 240, 60

QUESTIONS = (
    question(
        "A network reads 99 % of MNIST's test pictures and 13 % of your photographs. What do you do first?",
        wrong("Train it longer.", "it is good at the pictures it knows; more passes show it no others."),
        wrong("Take a larger network.", "it would learn the same kind of pictures."),
        right(
            "Look at the pictures that it gets, beside training pictures.",
            "the difference is often plain to see: bright paper, small digits, no centring.",
        ),
        wrong(
            "Measure again on the test set.", "it holds pictures of the training's kind and says nothing about yours."
        ),
    ),
    question(
        f"After `even_light`, paper is `{PAPER}` and typical ink `{INK}`. Which threshold lies half way?",
        wrong((PAPER - INK) // 2, "this is half of the distance; the darker value has to be added."),
        right((PAPER + INK) // 2, "the mean of the two."),
        wrong(PAPER - INK, "this is the distance."),
        wrong(128, "this is the middle of all grey values, whatever the page looks like."),
    ),
    question(
        "Why can one threshold fail on a page with a shadow?",
        right(
            "Paper in the shadow can be as dark as ink in the light.",
            "so first divide by the brightness of the paper at each place.",
        ),
        wrong("Ink has no colour in the shadow.", "only the brightness counts here, and it falls for both."),
        wrong("OpenCV needs `uint8`.", "a threshold works with each type of number."),
        wrong("Otsu's method needs colours.", "it works on grey values."),
    ),
    question(
        "A digit is `40` pixels wide and `80` high. How large is it in a picture made like MNIST's?",
        wrong("28 × 28", "this is the whole picture, and the proportions are lost."),
        wrong("20 × 20", "then the proportions are lost."),
        right("10 × 20", "the longer side becomes 20, the other one shrinks by the same factor."),
        wrong("14 × 28", "the box of the digit has 20 pixels, not 28."),
    ),
    question(
        "Your training pictures are turned by up to 10 degrees at random. Against what does this help?",
        wrong("Against a shadow on the page", "no training picture has a shadow."),
        right("Against a page that is held askew", "a network becomes less sensitive to changes that it has seen."),
        wrong("Against ruled lines", "no training picture has lines."),
        wrong("Against every difference from MNIST", "only changes that training shows can be learned."),
    ),
    question(
        "A network reads nearly all test pictures, but far fewer digits that were cut out so that they fill all `28` "
        "rows. Why?",
        wrong("Their strokes are too dark.", "cut out and inverted, they have the grey values of the training."),
        right(
            "In training, each digit had a box of `20` pixels and its centre of mass in the middle.",
            "a digit of another size or place is another picture for the network.",
        ),
        wrong("The network has learned its training pictures by heart.", "then it would fail on test pictures, too."),
        wrong("It has too few layers.", "more layers would learn from the same kind of pictures."),
    ),
)
