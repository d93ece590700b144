import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("robot", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SuspectedOptOut",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("turn", models.PositiveIntegerField(verbose_name="turn")),
                ("text", models.TextField(verbose_name="heard")),
                ("scores", models.JSONField(default=dict, verbose_name="scores")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("confirmed", "confirmed"),
                            ("dismissed", "dismissed"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("found_at", models.DateTimeField(verbose_name="found at")),
                (
                    "decided_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="decided at"),
                ),
            ],
            options={
                "verbose_name": "suspected opt-out",
                "verbose_name_plural": "suspected opt-outs",
                "ordering": ("-found_at", "-pk"),
            },
        ),
        migrations.AddField(
            model_name="conversation",
            name="swept_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="cleared at"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("swept_at__isnull", True)),
                fields=["ended_at"],
                name="robot_conversation_unswept",
            ),
        ),
        migrations.AddField(
            model_name="suspectedoptout",
            name="conversation",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="suspicion",
                to="robot.conversation",
                verbose_name="conversation",
            ),
        ),
        migrations.AddField(
            model_name="suspectedoptout",
            name="decided_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="decided by",
            ),
        ),
        migrations.AddConstraint(
            model_name="suspectedoptout",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "confirmed", "dismissed"])),
                name="robot_suspicion_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="suspectedoptout",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "pending"), ("decided_at__isnull", False), _connector="OR"
                ),
                name="robot_suspicion_decided",
            ),
        ),
    ]
