"""Everything that is checked, part by part, with a table of times: ``make test``."""

import os
import subprocess
import sys
import time

PYTEST = ["pytest", "--durations=5"]
HYGIENE = "tests/test_notebooks.py"
JOURNEYS = "tests/test_journeys.py"
NBVAL = ["--nbval", "--nbval-current-env", "--nbval-cell-timeout=300", "-W", "default"]
PARTS: dict[str, list[list[str]]] = {
    "format and lint": [["ruff", "format", "--check", "."], ["ruff", "check", "."]],
    "types": [["mypy"]],
    "unit tests and examples": [
        [*PYTEST, "--doctest-modules", "tests", "haze_course"]
        + [f"--ignore={apart}" for apart in (HYGIENE, JOURNEYS)]
    ],
    "notebook hygiene": [[*PYTEST, HYGIENE]],
    "learners' journeys": [[*PYTEST, JOURNEYS]],
    "notebooks repeat (nbval)": [[*PYTEST, *NBVAL, "notebooks"]],
}


def main() -> int:
    os.environ["HAZE_STATIC"] = "1"
    results = []
    for part, commands in PARTS.items():
        print(f"\n== {part}", flush=True)
        start = time.perf_counter()
        codes = [
            subprocess.run([sys.executable, "-m", *c], check=False).returncode for c in commands
        ]
        results.append((part, time.perf_counter() - start, not any(codes)))
    print(f"\n{'part':28} {'seconds':>8}  result")
    for part, seconds, passed in results:
        print(f"{part:28} {seconds:8.1f}  {'passed' if passed else 'FAILED'}")
    print(f"{'together':28} {sum(seconds for _, seconds, _ in results):8.1f}")
    return 0 if all(passed for *_, passed in results) else 1


if __name__ == "__main__":
    sys.exit(main())
