from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django_rq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rq import SimpleWorker

from accounts.granting import grant_admin_permissions
from audiences.importing import import_file
from audiences.models import Customer, ImportBatch, Segment
from tests.cast import Cast, make_cast

FILE = "客户号,姓名,手机号,网点\nK1,陈静,13805710001,HZ-XH\nK2,=1+1,13805710002,HZ-XH\n"
ADD = "/admin/audiences/importbatch/add/"


@pytest.fixture
def marketer(cast: Cast, client: Client) -> Client:
    grant_admin_permissions()
    client.force_login(cast.marketer)
    return client


def upload(content: bytes, name: str = "customers.csv") -> dict[str, Any]:
    return {"file": SimpleUploadedFile(name, content)}


@pytest.fixture
def _media(tmp_path: Path, settings: Any) -> Iterator[None]:
    settings.MEDIA_ROOT = tmp_path
    queue = django_rq.get_queue("batch")
    queue.empty()  # type: ignore[no-untyped-call]
    yield
    queue.empty()  # type: ignore[no-untyped-call]


@pytest.mark.usefixtures("_media")
@pytest.mark.django_db(transaction=True)
def test_an_uploaded_file_is_imported_by_a_worker(client: Client) -> None:
    cast = make_cast()
    grant_admin_permissions()
    client.force_login(cast.marketer)
    answer = client.post(ADD, upload(FILE.encode()))
    batch = ImportBatch.objects.get()
    assert answer["Location"] == f"/admin/audiences/importbatch/{batch.pk}/change/"
    assert (batch.state, batch.maker) == ("uploaded", cast.marketer)
    queue = django_rq.get_queue("batch")
    SimpleWorker([queue], connection=queue.connection).work(burst=True)
    batch.refresh_from_db()
    assert (batch.state, batch.rows_created, batch.rows_rejected) == ("done", 1, 1)
    assert Customer.objects.filter(bank_id="K1", sandbox=False).exists()
    page = client.get(answer["Location"]).content.decode()
    assert f"/admin/audiences/importbatch/{batch.pk}/rejected.csv" in page
    csv = client.get(f"/admin/audiences/importbatch/{batch.pk}/rejected.csv")
    assert csv.content.decode("utf-8-sig").splitlines()[1].startswith("3,姓名,'=1+1,")


@pytest.mark.usefixtures("_media")
def test_what_cannot_be_a_customer_file_is_refused(marketer: Client, settings: Any) -> None:
    assert b"neither a CSV" in marketer.post(ADD, upload(b"x", "virus.exe")).content
    settings.IMPORT_MAX_BYTES = 10
    assert b"too large" in marketer.post(ADD, upload(FILE.encode())).content
    assert not ImportBatch.objects.exists()


def test_a_failed_import_says_why(marketer: Client, cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("a,b\n1,2\n")
    batch = import_file(path)
    page = marketer.get(f"/admin/audiences/importbatch/{batch.pk}/change/").content.decode()
    assert "lacks these columns: bank_id, name, phone, branch" in page
    assert marketer.get("/admin/audiences/importbatch/999/rejected.csv").status_code == 404


def test_numbers_and_names_are_masked(marketer: Client, cast: Cast) -> None:
    listed = marketer.get("/admin/audiences/customer/").content.decode()
    page = marketer.get(f"/admin/audiences/customer/{cast.wang.pk}/change/").content.decode()
    for text in (listed, page):
        assert "13905710001" not in text
        assert "王芳" not in text
    assert "+86139****0001"[-8:] in page


def test_a_manager_sees_the_customers_of_their_branch(cast: Cast, client: Client) -> None:
    grant_admin_permissions()
    client.force_login(cast.manager_binjiang)
    listed = client.get("/admin/audiences/customer/").content.decode()
    assert "C0003" in listed
    assert "C0001" not in listed
    assert client.get(f"/admin/audiences/customer/{cast.wang.pk}/change/").status_code == 302


def test_a_segment_is_validated(marketer: Client) -> None:
    add = "/admin/audiences/segment/add/"
    page = marketer.post(add, {"name": "x", "filter": '{"age_form": 30}'})
    assert b"age_form" in page.content
    marketer.post(add, {"name": "x", "filter": '{"age_from": 30, "regions": ["CN-33"]}'})
    assert Segment.objects.get().filter == {"age_from": 30, "regions": ["CN-33"]}
