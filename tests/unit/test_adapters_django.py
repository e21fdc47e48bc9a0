"""What Django's adapter tells the pages' side; in a process of its own, because Django is set up once for all."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys
from pathlib import Path
from django.conf import settings
base = Path(sys.argv[1])
settings.configure(
    INSTALLED_APPS=[
        *["django.contrib.staticfiles"][int(sys.argv[3]) :],
        *["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.admin", "shop"],
    ],
    STATIC_URL=sys.argv[2],
    STATICFILES_DIRS=[base / "assets", ("docs", base / "pages")],
)
import django
django.setup()
from hotswap.live.adapters.django import DjangoAdapter
for prefix, folder in DjangoAdapter().static():
    print(prefix, Path(folder).relative_to(base))
"""


@pytest.mark.parametrize(
    ("url", "skipped", "wanted"),
    [
        ("static/", 0, "/static/ assets\n/static/docs pages\n/static/ shop/static\n"),
        ("/files/", 0, "/files/ assets\n/files/docs pages\n/files/ shop/static\n"),
        ("https://cdn.test/", 0, ""),
        ("static/", 1, ""),  # without django.contrib.staticfiles
    ],
)
def test_static_files(tmp_path: Path, url: str, skipped: int, wanted: str) -> None:
    """The project's own folders; the admin's, which is installed, nobody edits."""
    pytest.importorskip("django")
    (tmp_path / "shop" / "static").mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), url, str(skipped)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == (wanted, 0), done.stderr
