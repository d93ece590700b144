from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

# A foreign key looks up, and locks, the row it refers to for each row that is stored: of a million
# leads that was half of the database's time, and it wrote to every customer and number. A statement
# that stores leads is checked once and for all of them instead; that nobody deletes what leads
# refer to is checked at commit, as a foreign key does (docs/decisions/010).
BY_STATEMENT = """
ALTER TABLE campaigns_lead DROP CONSTRAINT lead_of_list_of_campaign;

CREATE FUNCTION campaigns_lead_refers() RETURNS trigger LANGUAGE plpgsql
    -- by the keys, row by row in their order: there are millions of customers
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    missing text;
BEGIN
    SELECT 'customer ' || customer_id INTO missing FROM made
    WHERE NOT EXISTS (SELECT FROM audiences_customer AS c WHERE c.id = made.customer_id) LIMIT 1;
    IF missing IS NULL THEN
        SELECT 'number ' || number_id INTO missing FROM made WHERE number_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM audiences_number AS n WHERE n.id = made.number_id) LIMIT 1;
    END IF;
    IF missing IS NULL THEN
        SELECT 'list ' || target_list_id || ' of campaign ' || campaign_id INTO missing
        FROM (SELECT DISTINCT target_list_id, campaign_id FROM made) AS one
        WHERE NOT EXISTS (SELECT FROM campaigns_targetlist AS l
                          WHERE l.id = target_list_id AND l.campaign_id = one.campaign_id) LIMIT 1;
    END IF;
    IF missing IS NOT NULL THEN
        RAISE foreign_key_violation USING MESSAGE = 'a lead refers to ' || missing
            || ', which does not exist', TABLE = 'campaigns_lead';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER campaigns_lead_refers AFTER INSERT ON campaigns_lead
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION campaigns_lead_refers();

CREATE FUNCTION campaigns_lead_still_refers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM audiences_customer WHERE id = NEW.customer_id)
       OR NEW.number_id IS NOT NULL
          AND NOT EXISTS (SELECT FROM audiences_number WHERE id = NEW.number_id)
       OR NOT EXISTS (SELECT FROM campaigns_targetlist
                      WHERE id = NEW.target_list_id AND campaign_id = NEW.campaign_id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a lead refers to what does not exist',
            TABLE = 'campaigns_lead';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER campaigns_lead_still_refers
    AFTER UPDATE OF customer_id, number_id, target_list_id, campaign_id ON campaigns_lead
    FOR EACH ROW EXECUTE FUNCTION campaigns_lead_still_refers();

CREATE FUNCTION campaigns_lead_needs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    referred boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM campaigns_lead WHERE %I = $1)', TG_ARGV[0])
        INTO referred USING OLD.id;
    IF referred THEN
        RAISE foreign_key_violation USING MESSAGE = 'a lead still refers to ' || TG_ARGV[0] || ' '
            || OLD.id, TABLE = 'campaigns_lead';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER campaigns_lead_needs AFTER DELETE ON audiences_customer
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION campaigns_lead_needs('customer_id');
CREATE CONSTRAINT TRIGGER campaigns_lead_needs AFTER DELETE ON audiences_number
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION campaigns_lead_needs('number_id');
CREATE CONSTRAINT TRIGGER campaigns_lead_needs AFTER DELETE ON campaigns_targetlist
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION campaigns_lead_needs('target_list_id');
"""
BY_ROW = """
DROP TRIGGER campaigns_lead_needs ON campaigns_targetlist;
DROP TRIGGER campaigns_lead_needs ON audiences_number;
DROP TRIGGER campaigns_lead_needs ON audiences_customer;
DROP FUNCTION campaigns_lead_needs();
DROP TRIGGER campaigns_lead_still_refers ON campaigns_lead;
DROP FUNCTION campaigns_lead_still_refers();
DROP TRIGGER campaigns_lead_refers ON campaigns_lead;
DROP FUNCTION campaigns_lead_refers();
ALTER TABLE campaigns_lead ADD CONSTRAINT lead_of_list_of_campaign
    FOREIGN KEY (target_list_id, campaign_id) REFERENCES campaigns_targetlist (id, campaign_id)
    DEFERRABLE INITIALLY DEFERRED;
"""


class Migration(migrations.Migration):
    dependencies = [("audiences", "0004_merged"), ("campaigns", "0006_lean_leads")]
    operations = [
        migrations.AlterField(
            model_name="lead",
            name="customer",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                to="audiences.customer",
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="number",
            field=models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="audiences.number",
            ),
        ),
        migrations.RunSQL(BY_STATEMENT, BY_ROW),
    ]
