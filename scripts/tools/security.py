"""Static search for security holes: bandit, with the waivers that stand on the lines themselves.

Ruff checks the same rules by the same numbers, so `# noqa: S301 - why` on a line waives bandit's B301 there, too. What
only bandit finds is waived by its own `# nosec B105 - why`. Rules that pyproject.toml leaves out for ruff are left out.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PLACES = ("shared", "functions", "scripts")
LEFT_OUT = {
    "B101": "asserts state what types cannot",
    "B403": "to import pickle is no hole; each use of it is looked at",
    "B404": "to import subprocess is no hole; each use of it is looked at",
    "B603": "we start programs by name with fixed arguments",
    "B607": "as before",
}


def findings() -> list[dict[str, Any]]:
    """What bandit finds, one by one."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", *PLACES, "-s", ",".join(LEFT_OUT), "-f", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    told = json.loads(done.stdout)
    unread = [{"filename": one["filename"], "line_range": [1], "test_id": "", **one} for one in told["errors"]]
    return [*unread, *told["results"]]


def waived(finding: dict[str, Any]) -> bool:
    """Whether one of the lines of a finding says why it is none."""
    lines = (ROOT / finding["filename"]).read_text().splitlines()
    rule = "S" + finding["test_id"].removeprefix("B")
    return any("noqa" in lines[n - 1] and rule in lines[n - 1] for n in finding["line_range"])


def main() -> int:
    """Tell of each finding that nobody waived.

    Returns:
        1 if there is one.
    """
    found = findings()
    faults = [one for one in found if not waived(one)]
    for one in faults:
        print(
            f"{one['filename']}:{one['line_range'][0]}: {one['test_id']} {one.get('issue_text') or one.get('reason')}"
        )
    print(f"{len(found) - len(faults)} findings waived on their lines, {len(faults)} open")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
