from __future__ import annotations

from django.db import migrations

# What was not understood, in the order of time (robot/unmatched.py): a small part of all turns.
INDEX = """
CREATE INDEX robot_turn_unmatched ON robot_turn (at DESC)
WHERE text <> '' AND (matched = 'no_match' OR layer = 'gate')
"""


class Migration(migrations.Migration):
    dependencies = [("robot", "0008_training")]
    operations = [migrations.RunSQL(INDEX, "DROP INDEX robot_turn_unmatched")]
