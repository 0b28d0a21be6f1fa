"""Write a file so that it is whole or not there: under a temporary name first, then renamed."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic(path: str | os.PathLike) -> Iterator[Path]:
    """Give a temporary name beside `path` to write to; when the block ends without an error, it gets the name `path`.

    The temporary name is NAME.<random>.part, so two processes that write the same file do not meet: the last one to end
    wins, and each file is whole. The parent folder is made. After an error the part is removed, and what `path` held
    before is still there. Only a process that is killed leaves its part. For single files, not for folders.

    Raises:
        OSError: the folder or the file cannot be written, or the block wrote nothing.

    >>> with atomic("results/loss.txt") as part:  # doctest: +SKIP
    ...     part.write_text("0.25", encoding="utf-8")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
