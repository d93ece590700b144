from __future__ import annotations

from django.db import migrations, models

NOW = """
CREATE FUNCTION sanshi_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(
        (SELECT anchor_sim + speed * (clock_timestamp() - anchor_real) FROM clock_sandboxclock),
        clock_timestamp())
$$;
"""

# Makes the monthly partitions of a table partitioned by its column `at`, from one month up to but
# excluding another. Rows that wait in the default partition for such a month must be moved first.
PARTITIONS = """
CREATE FUNCTION sanshi_make_partitions(parent text, from_month date, to_month date)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', from_month)::date;
    made integer := 0;
    name text;
BEGIN
    WHILE month < to_month LOOP
        name := parent || '_' || to_char(month, 'YYYYMM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                           name, parent, month, (month + interval '1 month')::date);
            made := made + 1;
        END IF;
        month := (month + interval '1 month')::date;
    END LOOP;
    RETURN made;
END $$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="SandboxClock",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("anchor_real", models.DateTimeField()),
                ("anchor_sim", models.DateTimeField()),
                ("speed", models.FloatField(default=1.0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="clock_one_row"),
                    models.CheckConstraint(
                        condition=models.Q(("speed__gt", 0)), name="clock_runs_forward"
                    ),
                ]
            },
        ),
        migrations.RunSQL(NOW, "DROP FUNCTION sanshi_now()"),
        migrations.RunSQL(PARTITIONS, "DROP FUNCTION sanshi_make_partitions(text, date, date)"),
    ]
