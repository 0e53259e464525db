"""How large the image of each function is, on a base of Debian's packages, and whether a second build is the same."""

import argparse
import json
import shutil
import time
from pathlib import Path

from images import BASE, ROOT, Builder
from missing import Missing

AGAIN = "predict"
"""Built twice, without a cache."""
Row = dict[str, object]


def sizes(folder: Path, _: argparse.Namespace) -> list[Row]:
    """A row for the base and for each function: MB as files, MB as sent (gzip), seconds of the build."""
    try:
        builder = Builder(folder)
    except Missing as missing:
        return _told({"figure": "images", "measured": f"not measured: {missing}"})
    builder.base()
    rows = _told({"figure": "base", **_size(builder, BASE, folder)})
    for name in sorted(path.parent.name for path in (ROOT / "functions").glob("*/main.py")):
        start = time.monotonic()
        image = builder.build(name)
        took = round(time.monotonic() - start, 1)
        rows += _told({"figure": f"image of {name}", **_size(builder, image, folder), "build_s": took})
        if name == AGAIN:
            first, second = _identity(builder, image), _identity(builder, builder.build(name))
            rows += _told({"figure": f"{name} built again is the same, byte for byte", "measured": first == second})
        builder.run("buildah", "rmi", "--force", image)
    return rows


def _told(row: Row) -> list[Row]:
    print(json.dumps(row), flush=True)
    return [row]


def _identity(builder: Builder, image: str) -> str:
    """Hash of the image's configuration, which names its layers by their hashes."""
    return str(json.loads(builder.run("buildah", "inspect", "--type", "image", image))["FromImageID"])


def _size(builder: Builder, image: str, folder: Path) -> Row:
    with builder.unpacked(image) as root:
        files = sum(path.lstat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    sent = folder / "sent"
    builder.run("buildah", "push", "--quiet", image, f"oci:{sent}:latest")
    packed = sum(path.stat().st_size for path in sent.rglob("*") if path.is_file())
    shutil.rmtree(sent)
    return {"files_mb": round(files / 1e6, 1), "sent_mb": round(packed / 1e6, 1)}
