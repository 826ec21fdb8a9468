"""The shape of the library: imports go down, each tool has its place, files stay short."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import haze_course

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "haze_course"

CLI = (
    "group",
    "lessons",
    "records",
    "measuring",
    "pictures",
    "sheets",
    "reside",
    "training",
    "export",
    "sweep",
    "entry",
)
COURSE = ("profiles", "execution", "pages", "links", "runner", "sweep", "answers", "instructor")

# Bottom to top. A file imports only from floors below it, or from a file that stands before it
# in its own group. The four sciences of floor 1 do not know each other.
FLOORS: list[list[list[str]]] = [
    [["guards", "paths", "processes", "images", "machine", "layouts"]],
    [
        ["physics.scattering", "physics.priors"],
        ["quality.metrics", "quality.statistics", "quality.evaluation"],
        [
            "nets.attention",
            "nets.ffa",
            "nets.fsrcnn",
            "nets.size",
            "nets.weights",
        ],
        ["distill.affinity", "distill.terms", "distill.hints"],
    ],
    [
        [
            *(f"data.{file}" for file in ("transforms", "haze", "shipped", "benchmark", "crops")),
            *(f"data.reside{file}" for file in ("_folders", "")),
            *(
                f"data.{file}"
                for file in ("looks", "reside_check", "reside_sample", "pair_batches")
            ),
        ],
        [
            *(f"deploy.{file}" for file in ("ahead", "containers", "frames", "tiles")),
            *(f"deploy.{file}" for file in ("inference", "export", "steady", "video", "batch")),
        ],
        [
            "plots.figures",
            "plots.images",
            "plots.web",
            "plots.sheets",
            "plots.curves",
            "plots.tables",
        ],
    ],
    [
        [
            f"training.{file}"
            for file in (
                "study",
                "distributed",
                "settings",
                "rates",
                "state",
                "loop",
                "identity",
                "recipes",
                "shipped",
                "presets",
            )
        ]
    ],
    [["teaching.*"]],
    [
        [
            *(f"course.{file}" for file in COURSE),
            "doctor",
            *(f"cli.{file}" for file in CLI),
            "__main__",
        ]
    ],
]
PLACES = {  # who may import it
    "matplotlib": ("plots.",),
    "ipywidgets": ("teaching.",),
    "IPython": ("plots.", "teaching."),
    "click": ("cli.",),
    "papermill": ("course.",),
    "nbclient": ("course.",),
    "nbformat": ("course.",),
    "nbconvert": ("course.",),
    "latex2mathml": ("course.",),
    "pygments": ("course.",),
    "psutil": ("course.",),
    "yaml": ("course.",),
    "PIL": ("images",),
    "onnxruntime": ("deploy.export", "deploy.inference"),
    "onnx": ("deploy.export",),
    "onnxscript": ("deploy.export",),
    "av": ("deploy.video",),
}
FILE_LINES, FUNCTION_LINES, SCIENCE_LINES = 250, 40, 1500
CONTENT_LINES = 450  # exercises and quizzes of one notebook: a list, not a structure


class Import(NamedTuple):
    module: str
    name: str
    level: int
    line: int


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(LIBRARY).with_suffix("").parts)


SOURCES = [file for file in sorted(LIBRARY.rglob("*.py")) if "_shipped" not in file.parts]
FILES = {name_of(file): file for file in SOURCES}
MODULES = [name for name in FILES if not name.endswith("__init__")]


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text(encoding="utf-8"))


def imports(name: str) -> list[Import]:
    """All imports of a file, those inside functions and for type checkers included."""
    found = []
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, "", 0, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [
                Import(node.module or "", alias.name, node.level, node.lineno)
                for alias in node.names
            ]
    return found


def place(name: str) -> tuple[int, int, int]:
    """Floor, group, position; teaching's files are too many to list and come in any order."""
    for floor, groups in enumerate(FLOORS):
        for number, group in enumerate(groups):
            if name in group:
                return floor, number, group.index(name)
            if f"{name.split('.', maxsplit=1)[0]}.*" in group:
                return floor, number, 0
    pytest.fail(f"{FILES[name]} stands on no floor; add it to FLOORS in {__file__}")


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down_and_name_the_defining_file(name: str) -> None:
    floor, group, position = place(name)
    for used in imports(name):
        where = f"{FILES[name].relative_to(ROOT)}:{used.line}"
        assert used.level == 0, f"{where}: relative import"
        top, _, inner = used.module.partition(".")
        if top != "haze_course" or used.name == "__version__":
            continue
        inner = inner if inner in MODULES else f"{inner}.{used.name}".strip(".")
        assert inner in MODULES, f"{where}: {used.module} is a package; name the defining file"
        other_floor, other_group, other = place(inner)
        down = other_floor < floor or (
            (other_floor, other_group) == (floor, group)
            and (other < position or f"{name.split('.', maxsplit=1)[0]}.*" in FLOORS[floor][group])
        )
        assert down, f"{where}: {name} (floor {floor}) may not import {inner} (floor {other_floor})"


def test_no_import_cycles() -> None:
    graph = {
        name: {
            used.module.removeprefix("haze_course.")
            for used in imports(name)
            if used.module.removeprefix("haze_course.") in MODULES
        }
        for name in MODULES
    }
    while free := [name for name, needs in graph.items() if not needs & graph.keys()]:
        for name in free:
            del graph[name]
    assert not graph, f"these import each other: {sorted(graph)}"


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith("__init__")])
def test_a_folder_hands_on_names_of_its_own_files_only(name: str) -> None:
    folder = name.removesuffix("__init__").rstrip(".")
    if folder:  # the top one hands out its parts by name
        for used in imports(name):
            assert used.module.startswith(f"haze_course.{folder}."), f"{FILES[name]}:{used.line}"
        kinds = (ast.ImportFrom, ast.Assign, ast.Expr)
        assert all(isinstance(node, kinds) for node in tree(name).body), f"{name} defines something"


@pytest.mark.parametrize("name", MODULES)
def test_each_tool_has_its_place(name: str) -> None:
    for used in imports(name):
        allowed = PLACES.get(used.module.split(".")[0])
        assert allowed is None or name.startswith(allowed), (
            f"{FILES[name].relative_to(ROOT)}:{used.line}: only {', '.join(allowed)} "
            f"may import {used.module}"
        )


def test_the_plan_names_files_that_stand() -> None:
    named = {name for floor in FLOORS for group in floor for name in group if "*" not in name}
    assert named <= set(FILES), f"gone: {sorted(named - set(FILES))}"


def lines_of(function: ast.AST) -> int:
    """Lines of a function's body, without its docstring."""
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("name", FILES)
def test_files_and_functions_stay_short(name: str) -> None:
    lines = len(FILES[name].read_text(encoding="utf-8").splitlines())
    limit = CONTENT_LINES if name.startswith("teaching.content.") else FILE_LINES
    assert lines <= limit, f"{name}: {lines} lines"
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = lines_of(node)
            assert count <= FUNCTION_LINES, f"{name}.{node.name}: {count} lines"


def test_the_science_fits_in_one_evening() -> None:
    science = ("physics.", "quality.", "nets.", "distill.")
    counts = {  # what is read: blank lines are not
        name: sum(bool(line.strip()) for line in file.read_text(encoding="utf-8").splitlines())
        for name, file in FILES.items()
        if name.startswith(science)
    }
    assert sum(counts.values()) < SCIENCE_LINES, counts


def test_every_folder_is_handed_out_by_name() -> None:
    """All but the command line, which is called, not imported."""
    folders = {file.parent.name for file in LIBRARY.glob("*/__init__.py")}
    assert folders - {"cli"} <= set(haze_course.__all__)


def test_import_costs_what_torch_costs() -> None:
    code = """
import sys, time, torch
before, start = set(sys.modules), time.perf_counter()
import haze_course
print(time.perf_counter() - start, *{m.split(".")[0] for m in set(sys.modules) - before})
"""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    seconds, *loaded = done.stdout.split()
    assert float(seconds) <= 0.3, done.stdout
    assert not done.stderr
    assert not {"matplotlib", "IPython", "papermill", "ipywidgets", "scipy"} & set(loaded)


def test_the_library_works_without_the_extras_of_the_course() -> None:
    """What only ``[course]`` installs is hidden; the science and the command still import."""
    extras = ["matplotlib", "IPython", "papermill", "nbformat", "nbconvert", "ipywidgets", "yaml"]
    code = f"""
import sys
for name in {[*extras, "psutil", "latex2mathml", "pygments"]}:
    sys.modules[name] = None
import haze_course as hc
hc.physics, hc.quality, hc.data, hc.images
import haze_course.cli, haze_course.deploy.batch, haze_course.doctor, haze_course.machine
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("matplotlib", "import haze_course as hc; hc.plots"),
        ("matplotlib", "import haze_course as hc; hc.teaching"),
        ("nbformat", "from haze_course.cli.entry import main; main(['run', '--only', '00'])"),
    ],
)
def test_what_only_the_course_needs_is_named_with_its_remedy(missing: str, code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules[{missing!r}] = None; {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"this needs {missing}, which is not installed" in done.stderr
    assert "pip install 'haze-course[course]'" in done.stderr.splitlines()[-1]
