"""The database that the tests' databases are copied from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from django.db import connection

from config.test_database import PREFIX, template_name

ROOT = Path(__file__).resolve().parents[2]


def test_another_migration_means_another_template(tmp_path: Path) -> None:
    (tmp_path / "app" / "migrations").mkdir(parents=True)
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    first = template_name(tmp_path)
    (tmp_path / "app" / "migrations" / "0001_initial.py").write_text("operations = []\n")
    second = template_name(tmp_path)
    (tmp_path / "app" / "migrations" / "0001_initial.py").write_text("operations = [1]\n")
    assert len({first, second, template_name(tmp_path)}) == 3
    assert first.startswith(PREFIX)


def test_these_tests_run_on_a_copy_of_the_template_of_the_present_migrations() -> None:
    assert os.environ["TEST_DATABASE_TEMPLATE"] == template_name(ROOT)
    assert connection.settings_dict["TEST"]["TEMPLATE"] == template_name(ROOT)
