"""A version may be submitted; and from then on the database refuses to change its content."""

from django.db import migrations, models

# What was submitted is what somebody signs: frozen with its time, its name and its maker. A
# signature is only for what begins after it, by another person. The end may be set once, later.
FREEZE = """
CREATE FUNCTION compliance_packversion_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a version of a rule pack is never deleted';
    END IF;
    IF OLD.state <> 'draft' AND (
        NEW.pack_id, NEW.version, NEW.document, NEW.sha256, NEW.effective_from, NEW.maker_id,
        NEW.created_at
    ) IS DISTINCT FROM (
        OLD.pack_id, OLD.version, OLD.document, OLD.sha256, OLD.effective_from, OLD.maker_id,
        OLD.created_at
    ) THEN
        RAISE EXCEPTION 'a version of a rule pack is frozen once it is submitted';
    END IF;
    IF OLD.state = 'approved' AND OLD.effective_to IS NOT NULL
       AND NEW.effective_to IS DISTINCT FROM OLD.effective_to THEN
        RAISE EXCEPTION 'a version of a rule pack ends once';
    END IF;
    IF OLD.state <> 'approved' AND NEW.state = 'approved' THEN
        IF NEW.effective_from <= sanshi_now() THEN
            RAISE EXCEPTION 'a version of a rule pack begins after it is signed';
        END IF;
        IF NEW.checker_id IS NULL THEN
            RAISE EXCEPTION 'a version of a rule pack is signed by somebody';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER compliance_packversion_frozen BEFORE UPDATE OR DELETE ON compliance_packversion
    FOR EACH ROW EXECUTE FUNCTION compliance_packversion_frozen();
"""
THAW = """
DROP TRIGGER compliance_packversion_frozen ON compliance_packversion;
DROP FUNCTION compliance_packversion_frozen();
"""
STATES = ["draft", "submitted", "approved", "withdrawn"]


class Migration(migrations.Migration):
    dependencies = [
        ("clock", "0001_initial"),
        ("compliance", "0006_blackout_of_product"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="packversion",
            name="pack_version_state_known",
        ),
        migrations.AlterField(
            model_name="packversion",
            name="state",
            field=models.CharField(
                choices=[(state, state.title()) for state in STATES],
                default="draft",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AddConstraint(
            model_name="packversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", STATES)),
                name="pack_version_state_known",
            ),
        ),
        migrations.RunSQL(FREEZE, THAW),
    ]
