"""What a dossier or a certificate says, in one hash that paper can carry."""

from __future__ import annotations

import hashlib
import json
from typing import Any

#: Without the hash itself; the proof, which grows with every seal; and when somebody asked.
WITHOUT = ("sha256", "proof", "made_at")


def fingerprint(document: dict[str, Any]) -> str:
    """SHA-256 over the document's content, as JSON with sorted keys and no spaces: whoever asks
    again gets the same as long as nothing has changed. audit/verify_export.py takes it, too.
    """
    content = {key: value for key, value in document.items() if key not in WITHOUT}
    text = json.dumps(
        content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()
