"""Customers (numbers masked), imports with their rejected rows, segments."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy
from pydantic import ValidationError
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounts.permissions import branches_of
from audiences.domain.faults import FileFault
from audiences.domain.import_state import ImportState
from audiences.models import Customer, CustomerNumber, ImportBatch, RejectedRow, Segment
from audiences.receiving import enqueue, receive
from audiences.rejections import write_rejections
from audiences.segmenting import SegmentFilter
from audiences.wording import error_sentence, file_fault_sentence, row_reason_sentence
from clock.reading import now

#: What may be uploaded; the content decides how it is read.
SUFFIXES = (".csv", ".txt", ".xlsx")


class ReadOnly:
    """Looked at here, changed elsewhere."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NumbersInline(ReadOnly, TabularInline):
    """A customer's numbers, masked: nobody dials by hand from here."""

    model = CustomerNumber
    extra = 0
    fields = ["masked", "kind", "priority", "valid"]
    readonly_fields = fields

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("audiences.view_customer"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[CustomerNumber]:
        found: QuerySet[CustomerNumber] = super().get_queryset(request)
        return found.select_related("number").order_by("priority")

    @admin.display(description=gettext_lazy("number"))
    def masked(self, link: CustomerNumber) -> str:
        return str(link.number)

    @admin.display(description=gettext_lazy("kind"))
    def kind(self, link: CustomerNumber) -> str:
        return link.number.kind

    @admin.display(description=gettext_lazy("valid"), boolean=True)
    def valid(self, link: CustomerNumber) -> bool:
        return link.number.valid


@admin.register(Customer)
class CustomerAdmin(ReadOnly, ModelAdmin):
    """Customers come by import; a manager sees those of their branch."""

    list_display = ["bank_id", "masked_name", "branch", "segment", "region", "risk_tolerance"]
    list_filter = ["branch", "segment", "vulnerable", "deceased", "sandbox"]
    search_fields = ["=bank_id"]
    search_help_text = gettext_lazy("The whole customer id")
    list_select_related = ["branch"]
    ordering = ["-id"]
    show_full_result_count = False
    inlines = [NumbersInline]
    exclude = ["numbers", "name"]
    readonly_fields = ["may_we_call"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Customer]:
        found: QuerySet[Customer] = super().get_queryset(request)
        return found.filter(branch__in=branches_of(request.user))

    @admin.display(description=gettext_lazy("Name"))
    def masked_name(self, customer: Customer) -> str:
        return f"{customer.name[:1]}**"

    @admin.display(description=gettext_lazy("May we call?"))
    def may_we_call(self, customer: Customer) -> str:
        """The way to the why page, which asks for a reason first."""
        return format_html(
            '<a href="{}">{}</a>', reverse("why-customer", args=[customer.pk]), gettext("Why?")
        )


class UploadForm(forms.ModelForm):  # type: ignore[type-arg]
    """A customer file to import."""

    file = forms.FileField(
        label=gettext_lazy("Customer file"),
        help_text=gettext_lazy(
            "CSV (UTF-8 or GB18030) or XLSX. Needed columns: customer id, name, phone, branch."
        ),
        widget=UnfoldAdminFileFieldWidget,
    )

    class Meta:
        model = ImportBatch
        fields: list[str] = []

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse what is too large or is named like something else."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > settings.IMPORT_MAX_BYTES:
            raise forms.ValidationError(gettext("The file is too large."))
        if not (file.name or "").lower().endswith(SUFFIXES):
            raise forms.ValidationError(gettext("This is neither a CSV nor an XLSX file."))
        return file


@admin.register(ImportBatch)
class ImportBatchAdmin(ModelAdmin):
    """Upload, watch, and fetch what was rejected."""

    list_display = [
        "file_name", "state", "rows_read", "rows_created", "rows_updated", "rows_unchanged",
        "rows_rejected", "maker", "created_at",
    ]  # fmt: skip
    list_filter = ["state"]
    list_select_related = ["maker"]
    ordering = ["-id"]
    add_form = UploadForm
    shown = [
        "file_name", "state", "what_is_wrong", "rows_read", "rows_created", "rows_updated",
        "rows_unchanged", "rows_rejected", "rejected_file", "first_rejections", "maker",
        "created_at", "finished_at", "sha256",
    ]  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        """One more address: the rejected rows as a file."""
        own = path(
            "<int:batch_id>/rejected.csv",
            self.admin_site.admin_view(self.download_rejected),
            name="audiences_importbatch_rejected",
        )
        return [own, *super().get_urls()]

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return UploadForm if obj is None else super().get_form(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["file"] if obj is None else self.shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [] if obj is None else self.shown

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Keep the file and let a worker import it."""
        file = form.cleaned_data["file"]
        batch = receive(file.file, file_name=file.name, maker=request.user)  # type: ignore[arg-type]
        obj.pk = batch.pk
        obj.refresh_from_db()
        enqueue(batch)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        try:
            answer: HttpResponse = super().add_view(request, form_url, extra_context)
        except FileFault as fault:
            messages.error(request, file_fault_sentence(fault))
            return HttpResponseRedirect(request.path)
        return answer

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: Any = None
    ) -> HttpResponse:
        """On to the batch's page, where the counts grow."""
        messages.success(request, gettext("The file is here and is being imported."))
        return HttpResponseRedirect(reverse("admin:audiences_importbatch_change", args=[obj.pk]))

    @admin.display(description=gettext_lazy("What is wrong"))
    def what_is_wrong(self, batch: ImportBatch) -> str:
        return error_sentence(batch.error) or "-"

    @admin.display(description=gettext_lazy("Rejected rows as a file"))
    def rejected_file(self, batch: ImportBatch) -> str:
        if batch.state != ImportState.DONE or not batch.rejected.exists():
            return "-"
        url = reverse("admin:audiences_importbatch_rejected", args=[batch.pk])
        return format_html('<a href="{}">{}</a>', url, gettext("Download"))

    @admin.display(description=gettext_lazy("The first rejected rows"))
    def first_rejections(self, batch: ImportBatch) -> str:
        lines = [
            f"{each.row} · {each.column} · {row_reason_sentence(each.reason)}"
            for each in batch.rejected.order_by("row", "id")[:20]
        ]
        return "\n".join(lines) or "-"

    def download_rejected(self, request: HttpRequest, batch_id: int) -> HttpResponse:
        """The batch's rejected rows as CSV; for those who may view imports."""
        batch = ImportBatch.objects.filter(pk=batch_id).first()
        if batch is None or not self.has_view_permission(request, batch):
            raise Http404
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="rejected-{batch.pk}.csv"'
        response.write("\ufeff")  # by which spreadsheets know UTF-8
        write_rejections(batch, response)  # type: ignore[arg-type]
        return response


@admin.register(RejectedRow)
class RejectedRowAdmin(ReadOnly, ModelAdmin):
    """Rejected rows over all files, by reason. What was in the cell is in the file alone."""

    list_display = ["batch", "row", "column", "sentence", "imported"]
    list_filter = ["reason", "imported"]
    list_select_related = ["batch"]
    exclude = ["value"]
    show_full_result_count = False

    @admin.display(description=gettext_lazy("reason"))
    def sentence(self, rejected: RejectedRow) -> str:
        return row_reason_sentence(rejected.reason)


class SegmentForm(forms.ModelForm):  # type: ignore[type-arg]
    """The filter is a document; what is wrong with it is said at the field."""

    class Meta:
        model = Segment
        fields = ["name", "filter"]

    def clean_filter(self) -> dict[str, Any]:
        """Refuse what SegmentFilter does not know."""
        try:
            wanted = SegmentFilter.model_validate(self.cleaned_data["filter"])
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise forms.ValidationError(f"{place}: {first['msg']}") from error
        return wanted.model_dump(exclude_defaults=True)


@admin.register(Segment)
class SegmentAdmin(ModelAdmin):
    """Saved filters over customers."""

    form = SegmentForm
    list_display = ["name", "created_at"]
    search_fields = ["name"]

    def save_model(self, request: HttpRequest, obj: Segment, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = now()
        super().save_model(request, obj, form, change)
