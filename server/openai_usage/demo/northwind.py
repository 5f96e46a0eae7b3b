"""Northwind Labs, the organisation of `--demo`: a small team that spends some $150 a month."""

from datetime import date
from decimal import Decimal
from typing import Final

from openai_usage.demo import models
from openai_usage.demo.catalogue import FOUNDED, Catalogue, Hours, KeyEntry, MemberEntry, ProjectEntry, Workload

OFFICE: Final = Hours.of(1, 1, 1, 1, 1, 2, 5, 9, 12, 12, 11, 9, 10, 12, 12, 10, 7, 5, 3, 2, 2, 1, 1, 1)
NIGHT: Final = Hours.of(2, 8, 10, 9, 5, 1, *[0] * 16, 1, 1)
ALWAYS: Final = Hours.of(*[1] * 24)

SUPPORT: Final = ProjectEntry("Support assistant", FOUNDED, spend_limit=9_000, spend_alerts=(7_000,))
PROTOTYPES: Final = ProjectEntry("Prototypes", FOUNDED, archived=date(2026, 2, 27))
DOCUMENTS: Final = ProjectEntry("Document search", date(2024, 11, 11))
EVALUATION: Final = ProjectEntry("Nightly evaluation", date(2025, 2, 3))
HACKATHON: Final = ProjectEntry("Hackathon", date(2025, 3, 10), archived=date(2025, 9, 1))
MARKETING: Final = ProjectEntry("Marketing images", date(2025, 5, 5))
VOICE: Final = ProjectEntry("Voice notes", date(2025, 9, 8))

_PLATFORM = MemberEntry("platform", "Platform", FOUNDED, (SUPPORT, DOCUMENTS), owner=True)
_RESEARCH = MemberEntry("research", "Research", FOUNDED, (DOCUMENTS, EVALUATION, PROTOTYPES, VOICE))
_SUPPORT = MemberEntry("support", "Support", FOUNDED, (SUPPORT,))
_MARKETING = MemberEntry("marketing", "Marketing", date(2025, 4, 28), (MARKETING,))
_FINANCE = MemberEntry("finance", None, date(2025, 1, 13), (PROTOTYPES, DOCUMENTS))
_INTERN = MemberEntry("intern", "Internship", date(2025, 3, 3), (HACKATHON,), left=date(2025, 9, 1))
_WEBSITE = MemberEntry("website", "website-backend", FOUNDED, (SUPPORT,), service_account=True)
_RUNNER = MemberEntry("runner", "evaluation-runner", date(2025, 2, 3), (EVALUATION,), service_account=True)
_INDEXER = MemberEntry("indexer", "document-indexer", date(2024, 11, 11), (DOCUMENTS,), service_account=True)

WEBSITE_KEY: Final = KeyEntry("website", "Website chat", SUPPORT, _WEBSITE, FOUNDED)
URGENT_KEY: Final = KeyEntry(
    "urgent", "Urgent tickets", SUPPORT, _SUPPORT, date(2026, 4, 6), expires=date(2027, 4, 6), short=True
)
AGENT_KEY: Final = KeyEntry("agent", "Ticket agent", SUPPORT, _PLATFORM, date(2025, 10, 27))
INDEXER_KEY: Final = KeyEntry("indexer", "Document indexer", DOCUMENTS, _INDEXER, date(2024, 11, 11))
NOTEBOOK_KEY: Final = KeyEntry("notebook", "", DOCUMENTS, _RESEARCH, date(2025, 1, 20), short=True)
LEDGER_KEY: Final = KeyEntry("ledger", "Invoice questions", DOCUMENTS, _FINANCE, date(2025, 11, 3))
BATCH_KEY: Final = KeyEntry("evaluation-batch", "Nightly batch", EVALUATION, _RUNNER, date(2025, 2, 3))
JUDGE_KEY: Final = KeyEntry("evaluation-judge", "Judge", EVALUATION, _RESEARCH, date(2025, 2, 3))
# Its owner is not in the project any more: only `owner_project_access=any` or `inactive` gives it.
SPARE_KEY: Final = KeyEntry("evaluation-spare", "Spare", EVALUATION, _MARKETING, date(2025, 6, 2))
_ROTATED = date(2026, 11, 2)
CAMPAIGN_KEY: Final = KeyEntry("campaign", "Campaign studio", MARKETING, _MARKETING, _ROTATED)
OLD_CAMPAIGN_KEY: Final = KeyEntry(
    "campaign-old", "Campaign studio", MARKETING, _MARKETING, date(2025, 5, 5), deleted=_ROTATED
)
# Its owner is nobody in the project, but owns the organisation: hidden unless asked for, and yet active.
VOICE_KEY: Final = KeyEntry("voice", "Voice app", VOICE, _PLATFORM, date(2025, 9, 8))
DICTATION_KEY: Final = KeyEntry("dictation", "Dictation", VOICE, _RESEARCH, date(2025, 9, 8), short=True)
PROTOTYPES_KEY: Final = KeyEntry("prototypes", "Prototypes", PROTOTYPES, _RESEARCH, FOUNDED)
HACKATHON_KEY: Final = KeyEntry(
    "hackathon", "Hackathon", HACKATHON, _INTERN, date(2025, 3, 10), deleted=date(2025, 9, 1)
)

_HALF = Decimal("0.5")
# A discount of a seventh. Its 25 digits make amounts with 34 digits after the point, as live ones.
_DISCOUNT = Decimal("0.8571428571428571428571429")
_PICTURES = {"requests": 7, "text": 180, "image": 320, "cached_image": 90, "output_image": 3900}

_SUPPORT_WORK = (
    Workload(
        SUPPORT,
        WEBSITE_KEY,
        models.LARGE,
        {"requests": 150, "text": 1400, "cached_text": 1100, "output_text": 290},
        OFFICE,
        weekend=(520, 460),
    ),
    Workload(
        SUPPORT,
        WEBSITE_KEY,
        models.FINE_TUNED,
        {"requests": 260, "text": 420, "output_text": 12},
        OFFICE,
        weekend=(520, 460),
    ),
    Workload(
        SUPPORT,
        WEBSITE_KEY,
        models.MODERATION,
        {"requests": 260, "text": 210},
        OFFICE,
        capabilities=("moderations",),
        weekend=(520, 460),
    ),
    Workload(
        SUPPORT,
        URGENT_KEY,
        models.LARGE,
        {
            "requests": 24,
            "text": 1250,
            "cached_text": 900,
            "cache_write_30m": 130,
            "cache_write_12h": 50,
            "output_text": 310,
        },
        OFFICE,
        service_tier="priority",
        factor=Decimal(2),
    ),
    Workload(
        SUPPORT,
        AGENT_KEY,
        models.SEARCH,
        {"requests": 24, "text": 3100, "output_text": 420, "web_searches": 1.4},
        OFFICE,
        capabilities=("completions", "web_search_calls"),
        tools=(models.WEB_SEARCH,),
        context_level="medium",
        api_source="agents_api",
    ),
    Workload(
        SUPPORT,
        AGENT_KEY,
        models.SEARCH,
        {"requests": 6, "text": 5200, "output_text": 600, "web_searches": 2.2},
        OFFICE,
        capabilities=("completions", "web_search_calls"),
        tools=(models.WEB_SEARCH,),
        context_level="high",
    ),
    Workload(
        SUPPORT,
        AGENT_KEY,
        models.ASTRA,
        {"requests": 30, "text": 700, "cached_text": 400, "output_text": 45},
        OFFICE,
        capabilities=("decisions",),
        api_source="agents_api",
    ),
)
_DOCUMENTS_WORK = (
    Workload(
        DOCUMENTS,
        INDEXER_KEY,
        models.SMALL,
        {"requests": 700, "text": 2100, "cached_text": 1600, "output_text": 330, "file_searches": 0.25},
        OFFICE,
        capabilities=("completions", "file_search_calls"),
        tools=(models.FILE_SEARCH,),
        vector_store="handbook",
        factor=_DISCOUNT,
    ),
    Workload(
        DOCUMENTS,
        LEDGER_KEY,
        models.SMALL,
        {"requests": 45, "text": 2600, "output_text": 310, "file_searches": 1},
        OFFICE,
        capabilities=("completions", "file_search_calls"),
        tools=(models.FILE_SEARCH,),
        vector_store="invoices",
    ),
    Workload(
        DOCUMENTS,
        INDEXER_KEY,
        models.EMBEDDING_LARGE,
        {"requests": 380, "text": 4200},
        NIGHT,
        capabilities=("embeddings",),
    ),
    Workload(
        DOCUMENTS,
        NOTEBOOK_KEY,
        models.EMBEDDING,
        {"requests": 900, "text": 640},
        OFFICE,
        capabilities=("embeddings",),
        idle=90,
    ),
    Workload(
        DOCUMENTS,
        None,
        (),
        {"bytes": 3 * 2**30},
        ALWAYS,
        capabilities=("vector_stores",),
        tools=(models.STORAGE,),
        steady=True,
    ),
    Workload(
        DOCUMENTS,
        None,
        (),
        {"sessions": 11},
        OFFICE,
        capabilities=("code_interpreter_sessions",),
        tools=(models.SESSIONS,),
    ),
)
_EVALUATION_WORK = (
    Workload(
        EVALUATION,
        BATCH_KEY,
        models.SMALL,
        {"requests": 520, "text": 1800, "output_text": 520},
        NIGHT,
        weekend=(700, 0),
        batch=True,
        factor=_HALF,
    ),
    Workload(
        EVALUATION,
        BATCH_KEY,
        models.LARGE,
        {"requests": 60, "text": 1800, "output_text": 480},
        NIGHT,
        weekend=(700, 0),
        batch=True,
        factor=_HALF,
    ),
    Workload(
        EVALUATION,
        JUDGE_KEY,
        models.LARGE,
        {"requests": 22, "text": 2600, "cached_text": 1200, "output_text": 350},
        OFFICE,
        service_tier="flex",
        factor=_HALF,
    ),
    Workload(
        EVALUATION,
        JUDGE_KEY,
        models.SMALL,
        {"requests": 40, "text": 900, "output_text": 160},
        OFFICE,
        # A tier that no document knows, as new ones come.
        service_tier="experimental",
        idle=128,
    ),
    Workload(
        EVALUATION,
        None,
        (),
        {"sessions": 5},
        NIGHT,
        capabilities=("code_interpreter_sessions",),
        tools=(models.SESSIONS,),
        weekend=(700, 0),
    ),
)

_MARKETING_WORK = tuple(
    Workload(
        MARKETING,
        key,
        line,
        each,
        OFFICE,
        capabilities=(capability,),
        weekend=(150, 0),
        since=since,
        size=size,
        source=source,
    )
    # The same work, with the old key up to its last day and then with the new one.
    for key, since in ((OLD_CAMPAIGN_KEY, FOUNDED), (CAMPAIGN_KEY, _ROTATED))
    for line, capability, each, size, source in (
        (models.IMAGE, "completions", _PICTURES, None, None),
        (models.DALL_E_SQUARE, "images", {"requests": 6, "images": 1.2}, "1024x1024", "image.generation"),
        (models.DALL_E_TALL, "images", {"requests": 2.4, "images": 1}, "1024x1792", "image.generation"),
        (models.DALL_E_EDIT, "images", {"requests": 3, "images": 1.5}, "512x512", "image.edit"),
        (models.DALL_E_VARIATION, "images", {"requests": 1.5, "images": 2}, "256x256", "image.variation"),
    )
)
_VOICE_WORK = (
    Workload(
        VOICE,
        DICTATION_KEY,
        models.TRANSCRIPTION,
        {"requests": 34, "seconds": 150},
        OFFICE,
        capabilities=("audio_transcriptions",),
    ),
    Workload(
        VOICE,
        VOICE_KEY,
        models.SPEECH,
        {"requests": 42, "characters": 640},
        OFFICE,
        capabilities=("audio_speeches",),
    ),
    Workload(
        VOICE,
        VOICE_KEY,
        models.SPEECH_HD,
        {"requests": 5, "characters": 900},
        OFFICE,
        capabilities=("audio_speeches",),
        idle=60,
    ),
    Workload(
        VOICE,
        VOICE_KEY,
        models.VOICE,
        {
            "requests": 9,
            "text": 220,
            "audio": 640,
            "cached_audio": 310,
            "output_text": 60,
            "output_audio": 350,
        },
        OFFICE,
        idle=40,
    ),
)
_PROTOTYPES_WORK = (
    Workload(
        PROTOTYPES,
        PROTOTYPES_KEY,
        models.LEGACY,
        {"requests": 60, "text": 1500, "cached_text": 300, "output_text": 400},
        OFFICE,
    ),
    Workload(PROTOTYPES, PROTOTYPES_KEY, models.LARGE, {"requests": 90, "text": 1100, "output_text": 350}, OFFICE),
    Workload(
        PROTOTYPES,
        PROTOTYPES_KEY,
        models.EMBEDDING_OLD,
        {"requests": 120, "text": 900},
        OFFICE,
        capabilities=("embeddings",),
    ),
)
_HACKATHON_WORK = (
    Workload(
        HACKATHON,
        HACKATHON_KEY,
        models.LARGE,
        {"requests": 70, "text": 1200, "output_text": 420},
        OFFICE,
        weekend=(1500, 1300),
    ),
)

NORTHWIND: Final = Catalogue(
    name="Northwind Labs",
    projects=(SUPPORT, PROTOTYPES, DOCUMENTS, EVALUATION, HACKATHON, MARKETING, VOICE),
    members=(_PLATFORM, _RESEARCH, _SUPPORT, _MARKETING, _FINANCE, _INTERN, _WEBSITE, _RUNNER, _INDEXER),
    keys=(
        WEBSITE_KEY,
        URGENT_KEY,
        AGENT_KEY,
        INDEXER_KEY,
        NOTEBOOK_KEY,
        LEDGER_KEY,
        BATCH_KEY,
        JUDGE_KEY,
        SPARE_KEY,
        CAMPAIGN_KEY,
        OLD_CAMPAIGN_KEY,
        VOICE_KEY,
        DICTATION_KEY,
        PROTOTYPES_KEY,
        HACKATHON_KEY,
    ),
    workloads=(
        *_SUPPORT_WORK,
        *_DOCUMENTS_WORK,
        *_EVALUATION_WORK,
        *_MARKETING_WORK,
        *_VOICE_WORK,
        *_PROTOTYPES_WORK,
        *_HACKATHON_WORK,
    ),
    spend_limit=25_000,
    spend_alerts=(15_000, 20_000),
)
