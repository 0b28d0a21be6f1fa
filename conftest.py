"""Settings of the test run: lessons at smoke speed, no progress bars, and no lesson left out in silence."""

import os
from pathlib import Path

import matplotlib
import pytest

from course_utils import ROOT

pytest_plugins = ["tests.notebooks.proofs_plugin"]  # what proves a lesson's text runs after its cells

# The notebooks' kernels inherit these.
os.environ.setdefault("COURSE_SPEED", "smoke")
os.environ.setdefault("COURSE_INTERACTIVE", "0")
os.environ.setdefault("COURSE_OFFLINE", "1")  # no test waits for a server; data that is here is used
os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, not one in the user's home
if "PYTEST_XDIST_WORKER" in os.environ:  # several workers: threads would only fight for the cores
    os.environ.setdefault("OMP_NUM_THREADS", "1")

matplotlib.use("agg")  # unit tests open no window; a kernel draws as it always does

collect_ignore_glob = ["notebooks/exercises/*"]  # they have gaps to fill; their solutions are run instead


def pytest_ignore_collect(collection_path, config):
    """tests/practice runs all solutions in one process; a solution that is asked for by its name gets a kernel."""
    if collection_path.parent == ROOT / "notebooks" / "solutions" and collection_path not in asked(config):
        return True


def asked(config) -> set[Path]:
    """The paths of the command line."""
    return {Path(os.path.abspath(arg)) for arg in config.args if "::" not in arg}


@pytest.fixture(scope="module")
def one_thread():
    """Several threads would only fight for the cores with other workers."""
    import torch  # slow, and not every test needs it

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class NoCell(pytest.Item):
    """A notebook that should run, but gave no cell to run: pytest alone would call that a success."""

    def runtest(self):
        pytest.fail("nbval found no cell to run; is its JSON whole?", pytrace=False)


def pytest_collection_modifyitems(session, config, items):
    run = {item.path for item in items}
    for notebook in sorted(ROOT.glob("notebooks/*.ipynb")):
        if {notebook, *notebook.parents} & asked(config) and notebook not in run:
            items.append(NoCell.from_parent(session, name=notebook.name))
