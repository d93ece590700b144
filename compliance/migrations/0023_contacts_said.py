from __future__ import annotations

from django.db import migrations

# What was said to a customer counts for months, how often they were dialled for days: a list reads
# the one without walking past the other.
SAID = """
CREATE INDEX compliance_contact_said ON compliance_contact (customer_id, at)
    WHERE kind IN ('conversation', 'outcome');
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0022_people_of_opt_out_files")]

    operations = [migrations.RunSQL(SAID, "DROP INDEX compliance_contact_said")]
