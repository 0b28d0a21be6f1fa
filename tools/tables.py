"""The tables of measured figures, from results/*.json, in the pages that have their marks."""

from collections.abc import Callable

from benchmarks import airbench, busy, cifar10, classroom, data_path, peers, reproduce, speed
from benchmarks.report import README, RESULTS, read_json
from tools.texts import Texts

TABLES: dict[str, Callable[[], str]] = {
    "accuracy": lambda: reproduce.accuracy_table(reproduce.read()),
    "loss": lambda: reproduce.loss_table(reproduce.read()),
    "claims": lambda: reproduce.claims_table(reproduce.read()),
    "cifar10": lambda: reproduce.cifar10_table(reproduce.read()),
    "airbench": lambda: airbench.table(read_json(airbench.RESULT)),
    "diary": lambda: cifar10.tables(read_json(cifar10.DIARY), each_to_the_one_before=True),
    "ablation": lambda: cifar10.tables(read_json(cifar10.ABLATION), each_to_the_one_before=False),
    "data_path": lambda: data_path.table(read_json(data_path.RESULT)),
    "speed": lambda: speed.table(read_json(speed.RESULT)),
    "busy": lambda: busy.table(read_json(busy.RESULT)),
    "peers": lambda: peers.table(read_json(peers.RESULT)),
    "peers_in_short": lambda: peers.sentence(read_json(peers.RESULT)),
    "cifar10_cuda": lambda: reproduce.cifar10_table(reproduce.read("cuda"), "cuda"),
    "speed_cuda": lambda: speed.table(read_json(speed.RESULT.with_stem("speed_cuda")), "cuda"),
    "peers_cuda": lambda: peers.table(read_json(peers.RESULT.with_stem("peers_cuda")), "cuda"),
    "classroom": lambda: classroom.table(read_json(classroom.RESULT)),
}


def write(texts: Texts) -> None:
    """Every table, in each page that has its marks."""
    for name, table in TABLES.items():
        text = table()
        pages = [texts.put_between_marks(page, name, text) for page in (README, RESULTS / "README.md", classroom.PAGE)]
        if not any(pages):
            raise ValueError(f"no page has the marks <!-- {name}: begin --> and <!-- {name}: end -->")
