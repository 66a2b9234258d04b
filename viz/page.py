"""One HTML file that needs nothing else: scripts, style and data inside, and no door to any network.

The Content-Security-Policy of the page names its scripts and styles by their hashes. Whatever else came into
it, such as a label with markup in it, the browser would not run. Data is JSON, which no browser executes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from micrograd_dl.foundation.files import replacing

from .labels import visible

_TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
<script type="application/json" id="data">{data}</script>
<script>{script}</script>
</body>
</html>
"""


def page(title: str, folder: Path, scripts: Sequence[str], data: Mapping[str, Any]) -> str:
    """A page made of ``page.html``, ``page.css`` and scripts of a folder, with data for the scripts.

    Args:
        title: of the page, any text.
        folder: where the pieces are.
        scripts: the names of the scripts, in their order; they share one scope.
        data: what becomes JSON; without NaN and infinities, which are written as texts before.
    """
    style = _read(folder / "page.css")
    script = '"use strict";\n(() => {\n' + "\n".join(_read(folder / name) for name in scripts) + "})();\n"
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return _TEMPLATE.format(
        policy=policy,
        title=escape(title),
        style=style,
        body=_read(folder / "page.html"),
        data=inert(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))),
        script=script,
    )


def write_page(document: str, path: str | os.PathLike[str]) -> Path:
    """Write a page to a file, whole or not at all, and return its path.

    Raises:
        ValueError: the name does not end in ``.html``.
        FileNotFoundError: there is no such folder.
    """
    path = require_page(path)
    with replacing(path) as file:
        file.write(document.encode())
    return path


def require_page(path: str | os.PathLike[str]) -> Path:
    """The path, if a page can be written there: it ends in ``.html``, and its folder is there."""
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"a page is saved as .html: {path.name!r} has the suffix {path.suffix!r}")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {str(folder)!r} to save {path.name!r} in: make it first")
    return path


def framed(document: str, title: str, height: int, summary: str) -> str:
    """A page in a frame of a notebook: in a world of its own, and there without a kernel too.

    Of a notebook that is not trusted, JupyterLab leaves out frames and shows the text within.
    """
    return (
        f'<iframe srcdoc="{escape(document)}" title="{escape(title)}" sandbox="allow-scripts" '
        f'style="width:100%;height:{height}px;border:0" loading="lazy">'
        f"{escape(visible(summary))}: trust this notebook, or run the cell, to see the page</iframe>"
    )


def inert(text: str) -> str:
    r"""JSON in which nothing can end the script element around it, and all can be written as UTF-8.

    >>> inert('"</script>"')
    '"\\u003c/script>"'
    """
    return text.replace("<", r"\u003c").encode(errors="backslashreplace").decode()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
