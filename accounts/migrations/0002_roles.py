from __future__ import annotations

from django.db import migrations

ROLES = (
    "marketing",
    "branch_manager",
    "agent",
    "supervisor",
    "compliance",
    "script_writer",
    "operations",
    "reviewer",
)


def make_roles(apps, schema_editor):
    group = apps.get_model("auth", "Group")
    for name in ROLES:
        group.objects.get_or_create(name=name)


def drop_roles(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=ROLES).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(make_roles, drop_roles)]
