"""JavaScript in a test: the module of a control, run by Node.js as anywidget gets it, in one file."""

import json
import shutil
import subprocess

import pytest

from course_utils.widgets import live


def in_node(module: str, expression: str, *arguments: object) -> object:
    """The value of an expression among the names of a module in course_utils/widgets.

    Args:
        module: its name, such as "parts".
        expression: JavaScript, in which `a` is the list of arguments; its value has to be data, as JSON has it.
    """
    node = shutil.which("node")
    if not node:
        pytest.skip("node is not here: install Node.js (Debian: apt install nodejs)")
    script = f"{live.source(module)}\nconst a = {json.dumps(arguments)};\nconsole.log(JSON.stringify({expression}));"
    done = subprocess.run(
        [node, "--input-type=module", "-"], input=script, capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
