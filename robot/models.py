"""Scripts and the conversations held with them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.language import in_readers_language
from robot.domain.intents.catalogue import LABELS
from robot.domain.model_life import ModelState
from robot.domain.reviewing import ReviewState
from robot.domain.versions import Phase, VersionState


class Script(models.Model):
    """A dialogue under its code; what is said lives in its versions."""

    code = models.SlugField(_("code"), max_length=60, unique=True)
    title = models.CharField(_("title"), max_length=200)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("script")
        verbose_name_plural = _("scripts")
        ordering = ("code",)

    def __str__(self) -> str:
        return in_readers_language(self.title, self.title_en)


class ScriptVersion(models.Model):
    """One wording of a script. Its document never changes once published; calls pin it."""

    script = models.ForeignKey(
        Script, models.PROTECT, related_name="versions", verbose_name=_("script")
    )
    number = models.PositiveIntegerField(pgettext_lazy("of a version", "number"))
    #: Canonical form, see robot/domain/documents.py.
    document = models.JSONField(_("document"))
    #: As the writer wrote it, comments included; empty for versions of an earlier release.
    source = models.TextField(_("source"), blank=True)
    content_hash = models.CharField(_("content hash"), max_length=64)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(state.value, _(state.value)) for state in VersionState],
        default=VersionState.DRAFT.value,
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created at"))
    published_at = models.DateTimeField(_("published at"), null=True, blank=True)
    #: What its fixed words sound like, {piece: sha256 of the audio}; made at publishing and never
    #: changed (robot/voicing.py). What is not in it the carrier's own voice says.
    voice_manifest = models.JSONField(_("voice"), default=dict, blank=True)
    voice_hash = models.CharField(_("voice hash"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("script version")
        verbose_name_plural = _("script versions")
        ordering = ("script", "-number")
        constraints = [
            models.UniqueConstraint(fields=["script", "number"], name="robot_version_number"),
            models.UniqueConstraint(fields=["script", "content_hash"], name="robot_version_hash"),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in VersionState]),
                name="robot_version_state",
            ),
            models.CheckConstraint(
                condition=~models.Q(state=VersionState.PUBLISHED.value)
                | models.Q(published_at__isnull=False),
                name="robot_version_published_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.script.code}@{self.number}"


class VoiceClip(models.Model):
    """A piece of audio under MEDIA_ROOT/voice, named by its own hash; never changed.

    `key` is what it was made from: a voice and words, or the recording's own bytes.
    """

    class Source(models.TextChoices):
        RECORDING = "recording", _("recording")
        TTS = "tts", _("synthesised")
        #: a value of some call, spoken by the voice; forgotten after a while
        VALUE = "value", _("value")

    key = models.CharField(_("key"), max_length=64, unique=True)
    sha256 = models.CharField(_("content hash"), max_length=64)
    text = models.CharField(_("words"), max_length=400, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices)
    mime = models.CharField(_("kind of file"), max_length=20)
    seconds = models.FloatField(_("seconds"))
    size = models.PositiveIntegerField(_("bytes"))
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    #: From then on the carrier may fetch it: a published version holds it, or it is a value.
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)

    class Meta:
        verbose_name = _("voice clip")
        verbose_name_plural = _("voice clips")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(source__in=["recording", "tts", "value"]),
                name="robot_clip_source",
            ),
        ]
        # the carrier fetches by it
        indexes = [models.Index(fields=["sha256"], name="robot_clip_by_hash")]

    def __str__(self) -> str:
        return self.sha256[:12]


class LineRecording(models.Model):
    """A person's voice for exactly these words of a script, wherever they stand in it.

    When the words change it fits no longer; `place` still tells which line it was made for.
    """

    script = models.ForeignKey(
        Script, models.PROTECT, related_name="recordings", verbose_name=_("script")
    )
    text = models.CharField(_("words"), max_length=400)
    text_hash = models.CharField(_("hash of the words"), max_length=64)
    place = models.CharField(_("place"), max_length=160)
    clip = models.ForeignKey(
        VoiceClip, models.PROTECT, related_name="recordings", verbose_name=_("voice clip")
    )
    made_at = models.DateTimeField(_("made at"))
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("made by"),
    )

    class Meta:
        verbose_name = _("recording of a line")
        verbose_name_plural = _("recordings of lines")
        constraints = [
            models.UniqueConstraint(
                fields=["script", "text_hash"], name="robot_recording_of_words"
            ),
        ]

    def __str__(self) -> str:
        return self.place


class Conversation(models.Model):
    """One call's dialogue: where it stands and what came of it."""

    call_ref = models.UUIDField(_("call"), unique=True)
    script_version = models.ForeignKey(ScriptVersion, models.PROTECT, verbose_name=_("script"))
    #: robot.domain.steps.State
    state = models.JSONField(_("state"))
    variables = models.JSONField(_("variables"), default=dict)
    #: the highest turn of the talk that is stored: a later one needs no looking for
    last_turn = models.PositiveIntegerField(default=0, editable=False)
    outcome = models.CharField(_("outcome"), max_length=40, blank=True)
    grade = models.CharField(_("grade"), max_length=1, blank=True)
    refusal_reason = models.CharField(_("reason for refusing"), max_length=20, blank=True)
    interest = models.BooleanField(_("interested"), default=False)
    consented = models.BooleanField(_("agreed to a transfer"), default=False)
    #: held with one of our own people to hear the script: left out of every figure
    trial = models.BooleanField(_("trial"), default=False)
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    #: When every answer had been heard a second time (robot/clearing.py). Until then nobody of
    #: this call is dialled again.
    swept_at = models.DateTimeField(_("cleared at"), null=True, blank=True)

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            # the admin's list and the results by time
            models.Index(fields=["-started_at"], name="robot_conversation_started"),
            models.Index(fields=["script_version", "outcome"], name="robot_conversation_outcome"),
            # the dialer asks at every tick who is not cleared yet; they are few
            models.Index(
                fields=["ended_at"],
                condition=models.Q(swept_at__isnull=True),
                name="robot_conversation_unswept",
            ),
        ]

    def __str__(self) -> str:
        return str(self.call_ref)


class Turn(models.Model):
    """What was heard, how it was understood, and the step that followed.

    Partitioned by `at` (migration 0001); referred to by id, never by foreign key.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("at"))
    conversation_id = models.BigIntegerField()
    phase = models.CharField(
        max_length=8, choices=[(phase.value, _(phase.value)) for phase in Phase]
    )
    index = models.PositiveIntegerField(_("turn"))
    text = models.TextField(_("heard"), blank=True)
    digits = models.CharField(_("keys"), max_length=20, blank=True)
    confidence = models.FloatField(_("confidence"), null=True, blank=True)
    node = models.CharField(_("node"), max_length=60, blank=True)
    node_after = models.CharField(_("node after"), max_length=60, blank=True)
    intent = models.CharField(_("intent"), max_length=40, blank=True)
    score = models.FloatField(_("score"), default=0.0)
    layer = models.CharField(_("layer"), max_length=20, blank=True)
    matched = models.CharField(_("matched"), max_length=20, blank=True)
    model_hash = models.CharField(_("model"), max_length=64, blank=True)
    said = models.TextField(_("said"), blank=True)
    #: robot.domain.steps.Step, given back when the same turn is asked for again.
    step = models.JSONField(_("step"))

    class Meta:
        managed = False
        db_table = "robot_turn"
        verbose_name = _("turn")
        verbose_name_plural = _("turns")

    def __str__(self) -> str:
        return f"{self.conversation_id}/{self.phase}/{self.index}"


class SuspectedOptOut(models.Model):
    """Words that may have been "do not call me again". People decide; until then nobody calls."""

    conversation = models.OneToOneField(
        Conversation, models.PROTECT, related_name="suspicion", verbose_name=_("conversation")
    )
    turn = models.PositiveIntegerField(_("turn"))
    text = models.TextField(_("heard"))
    #: What raised the suspicion: {"why": rule or model, "risk": 0..1}.
    scores = models.JSONField(_("scores"), default=dict)
    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(state.value, _(state.value)) for state in ReviewState],
        default=ReviewState.PENDING.value,
    )
    found_at = models.DateTimeField(_("found at"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )

    class Meta:
        verbose_name = _("suspected opt-out")
        verbose_name_plural = _("suspected opt-outs")
        ordering = ("-found_at", "-pk")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in ReviewState]),
                name="robot_suspicion_state",
            ),
            models.CheckConstraint(
                condition=models.Q(state=ReviewState.PENDING.value)
                | models.Q(decided_at__isnull=False),
                name="robot_suspicion_decided",
            ),
        ]

    def __str__(self) -> str:
        return str(self.conversation_id)


class ShadowOpinion(models.Model):
    """What the arbiter said of one answer while it was only listening (robot/shadowing.py).

    `turn_id` and `conversation_id` are ids (turns are partitioned); the words stay in the turn.
    `agreed` is empty when there was no opinion: `trouble` says why.
    """

    at = models.DateTimeField(_("at"))
    turn_id = models.BigIntegerField()
    conversation_id = models.BigIntegerField()
    intent = models.CharField(_("understood as"), max_length=40)
    went_on = models.BooleanField(_("went on"))
    label = models.CharField(_("arbiter's label"), max_length=40, blank=True)
    confidence = models.FloatField(_("confidence"), null=True)
    opt_out_risk = models.FloatField(_("chance of an opt-out"), null=True)
    agreed = models.BooleanField(_("agreed"), null=True)
    trouble = models.CharField(_("trouble"), max_length=20, blank=True)
    ms = models.FloatField(_("milliseconds"))

    class Meta:
        verbose_name = _("shadow opinion")
        verbose_name_plural = _("shadow opinions")
        # the agreement report
        indexes = [models.Index(fields=["at"], name="robot_shadow_by_time")]

    def __str__(self) -> str:
        return f"{self.intent} / {self.label}"


class TrainingExample(models.Model):
    """Words that were not understood in a call, with what a person says they mean.

    `text` is masked and normalised (robot/unmatched.py); `label` is one of the catalogue's, or ""
    for words that are no use to training and shall not be shown again. Taking one back keeps the
    row: earlier models were trained with it.
    """

    text = models.CharField(_("text"), max_length=500)
    label = models.CharField(_("intent"), max_length=40, blank=True)
    #: The newest turn in which it was heard; an id, for turns are partitioned.
    turn_id = models.BigIntegerField()
    created_at = models.DateTimeField(_("labelled at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("labelled by")
    )
    withdrawn_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("taken back by"),
    )

    class Meta:
        verbose_name = _("training example")
        verbose_name_plural = _("training examples")
        ordering = ("-created_at", "-pk")
        constraints = [
            models.UniqueConstraint(
                fields=["text"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="robot_example_text",
            ),
            models.CheckConstraint(
                condition=models.Q(label__in=["", *LABELS]), name="robot_example_label"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.text} → {self.label}"


class IntentModel(models.Model):
    """Weights of the intent model, the examples and the corpus they come from, and their report.

    One without a maker holds the weights that are shipped with the code, so that one can return
    to them. `report` is robot.domain.intents.comparing.Report.
    """

    state = models.CharField(
        _("state"),
        max_length=10,
        choices=[(state.value, _(state.value)) for state in ModelState],
        default=ModelState.TRAINING.value,
    )
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("trained by"),
    )
    #: The file that robot.domain.intents.model reads; null while it is being trained.
    weights = models.BinaryField(_("weights"), null=True, blank=True)
    sha256 = models.CharField(_("hash"), max_length=64, blank=True)
    corpus_hash = models.CharField(_("hash of the corpus"), max_length=64)
    #: Ids of the TrainingExamples it learned from, beside the corpus.
    example_ids = models.JSONField(default=list)
    report = models.JSONField(_("report"), default=dict)
    #: Why training failed: held_out, same, broken, overdue.
    trouble = models.CharField(_("trouble"), max_length=20, blank=True)
    created_at = models.DateTimeField(_("created at"))
    trained_at = models.DateTimeField(_("trained at"), null=True, blank=True)
    live_at = models.DateTimeField(_("in force since"), null=True, blank=True)

    class Meta:
        verbose_name = _("intent model")
        verbose_name_plural = _("intent models")
        ordering = ("-pk",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in ModelState]),
                name="robot_model_state",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[ModelState.TRAINING.value, ModelState.FAILED.value])
                | (~models.Q(sha256="") & models.Q(weights__isnull=False)),
                name="robot_model_weights",
            ),
            models.UniqueConstraint(
                fields=["sha256"], condition=~models.Q(sha256=""), name="robot_model_hash"
            ),
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state=ModelState.LIVE.value),
                name="robot_model_one_live",
            ),
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state=ModelState.TRAINING.value),
                name="robot_model_one_training",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
