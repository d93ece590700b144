"""bin/setup on machines that lack something, without a network: packages come from a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import polib
import pytest

# The largest group is started first: the long test here would keep one worker when all is done.
pytestmark = pytest.mark.xdist_group("setup")

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("sh", "dirname", "cmp", "cat")

# A stand-in for a Python: old, or new but without venv, or none at all.
FAKE_PYTHON = """\
#!/bin/sh
case "$2" in
    *version_info\\ *) exit {too_old} ;;
    *ensurepip*) exit 1 ;;
    *print*) echo {version} ;;
esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh copy of what set-up needs, with a list of one package."""
    copy = tmp_path / "clone"
    for name in ("bin/setup", "bin/install.py", "config/__init__.py", "config/translations.py"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    (copy / "requirements.txt").write_text("polib==1.2.0\n    # via -r requirements.in\n")
    return copy


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with that package as a wheel, made from what is installed here."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    facts = {
        "METADATA": "Metadata-Version: 2.1\nName: polib\nVersion: 1.2.0\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "RECORD": "",
    }
    with zipfile.ZipFile(folder / "polib-1.2.0-py3-none-any.whl", "w") as wheel:
        wheel.write(polib.__file__, "polib.py")
        for name, text in facts.items():
            wheel.writestr(f"polib-1.2.0.dist-info/{name}", text)
    return folder


def set_up(clone: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [clone / "bin" / "setup"], env=environ, capture_output=True, text=True, timeout=120
    )


def offline(wheels: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHON": sys.executable,
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
    }


def path_with(tmp_path: Path, python: str | None) -> str:
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in TOOLS:
        (folder / tool).symlink_to(str(shutil.which(tool)))
    if python is not None:
        (folder / "python3").write_text(python)
        (folder / "python3").chmod(0o755)
    return str(folder)


def of_the_distribution() -> str | None:
    """The first Python there that can make an environment; a machine need not have one."""
    can = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))"
    for name in ("python3.13", "python3.12", "python3.11", "python3.14", "python3", "python"):
        path = Path("/usr/bin", name)
        if path.exists() and subprocess.run([path, "-c", can], capture_output=True).returncode == 0:
            return str(path)
    return None


def test_an_old_python_is_named(clone: Path, tmp_path: Path) -> None:
    path = path_with(tmp_path, FAKE_PYTHON.format(too_old=1, version="3.8"))
    result = set_up(clone, PATH=path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "needs Python 3.11 or newer" in result.stderr
    assert "python3 is 3.8" in result.stderr


def test_a_python_without_venv_is_named_with_the_line_that_helps(
    clone: Path, tmp_path: Path
) -> None:
    path = path_with(tmp_path, FAKE_PYTHON.format(too_old=0, version="3.12"))
    result = set_up(clone, PATH=path)
    assert result.returncode == 1
    assert "apt-get install -y python3.12-venv" in result.stderr


def test_no_python_at_all_is_said(clone: Path, tmp_path: Path) -> None:
    result = set_up(clone, PATH=path_with(tmp_path, None))
    assert result.returncode == 1
    assert "there is none" in result.stderr


def test_the_distributions_python_comes_before_others_in_the_path(
    clone: Path, tmp_path: Path
) -> None:
    others = path_with(tmp_path, "#!/bin/sh\n[ $# -gt 1 ] || echo another\n")
    (clone / "bin" / "install.py").write_text("import sys; print(sys.executable)\n")
    alone, beside = (
        set_up(clone, PATH=path).stdout.strip() for path in (others, f"{others}:/usr/bin")
    )
    assert alone == "another"
    assert beside == (of_the_distribution() or "another")


def test_set_up_recovers_from_no_network_and_from_a_half_made_environment(
    clone: Path, wheels: Path
) -> None:
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}
    plain = {
        k: v for k, v in offline(wheels).items() if k not in ("PIP_NO_INDEX", "PIP_FIND_LINKS")
    }
    result = set_up(clone, **plain, **nowhere)
    assert result.returncode == 1
    assert "No network" in result.stderr

    # Two at once, on what the failed run left: one works, the other waits.
    both = [
        subprocess.Popen([clone / "bin" / "setup"], env=offline(wheels), stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for run in both:
        _out, said = run.communicate(timeout=120)
        assert run.returncode == 0, said
    assert (clone / ".venv" / "installed").exists()

    # Done is done: no word, nothing touched.
    before = (clone / ".venv" / "installed").stat().st_mtime_ns
    result = set_up(clone, **offline(wheels))
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (clone / ".venv" / "installed").stat().st_mtime_ns == before

    # An environment whose Python is gone (an upgraded machine) is made anew.
    (clone / ".venv" / "bin" / "python").unlink()
    result = set_up(clone, **offline(wheels))
    assert result.returncode == 0, result.stderr
    assert "Making .venv" in result.stderr
