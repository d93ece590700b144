"""People who sign in, and the tree of branches they work in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.language import in_readers_language


class Branch(models.Model):
    """One branch of the bank; `parent` leads up to head office."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=100, blank=True)
    parent = models.ForeignKey(
        "self", verbose_name=_("parent branch"), null=True, blank=True, on_delete=models.PROTECT
    )
    region = models.CharField(_("region"), max_length=6, blank=True)

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ["code"]

    def __str__(self) -> str:
        return in_readers_language(self.name, self.name_en)


class User(AbstractUser):
    """Somebody who signs in. Roles are groups; `branch` bounds what a branch manager sees."""

    language = models.CharField(_("language"), max_length=10, blank=True)
    branch = models.ForeignKey(
        Branch, verbose_name=_("branch"), null=True, blank=True, on_delete=models.PROTECT
    )
    employee_no = models.CharField(_("employee number"), max_length=20, blank=True)

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")  # type: ignore[assignment]
        verbose_name_plural = _("users")  # type: ignore[assignment]

    def get_full_name(self) -> str:
        """The name as it is spoken: the family name first, and no space, where it is Chinese.

        Whoever has none goes by the name they sign in with.
        """
        if any("\u4e00" <= letter <= "\u9fff" for letter in self.last_name):
            return f"{self.last_name}{self.first_name}".strip()
        return super().get_full_name() or self.get_username()
