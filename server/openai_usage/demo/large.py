"""An organisation with hundreds of keys and users, to see what long lists do. Names are numbered roles."""

from datetime import date, timedelta
from typing import Final

from openai_usage.demo import models
from openai_usage.demo.catalogue import FOUNDED, Catalogue, KeyEntry, MemberEntry, ProjectEntry, Workload
from openai_usage.demo.northwind import ALWAYS, OFFICE

_LINES: Final = (models.LARGE, models.SMALL, models.SMALL, models.LEGACY, models.FINE_TUNED)
_QUIET_DAYS: Final = 200
"""Of 256, for nearly every key."""
_BUSY_KEYS: Final = 20
"""The first ones do something every day, and more than the others."""
_DELETED: Final = date(2026, 6, 1)


def catalogue(keys: int = 600, users: int = 250, projects: int = 12) -> Catalogue:
    """One workload for each key; every fifth key is a service account's."""
    project_entries = tuple(ProjectEntry(f"Team {number:02}", FOUNDED) for number in range(1, projects + 1))
    user_entries = tuple(
        MemberEntry(
            f"engineer-{number:03}",
            f"Engineer {number:03}",
            FOUNDED + timedelta(days=number),
            (project_entries[number % projects],),
            owner=number == 0,
        )
        for number in range(users)
    )
    service_accounts = tuple(
        MemberEntry(f"service-{number:02}", f"service-{number:02}", FOUNDED, (project,), service_account=True)
        for number, project in enumerate(project_entries, 1)
    )
    key_entries = tuple(
        _key(number, service_accounts[number // 5 % projects] if number % 5 == 0 else user_entries[number % users])
        for number in range(keys)
    )
    storage = Workload(
        project_entries[0],
        None,
        (),
        {"bytes": 40 * 2**30},
        ALWAYS,
        capabilities=("vector_stores",),
        tools=(models.STORAGE,),
        steady=True,
    )
    return Catalogue(
        name="Northwind Group",
        projects=project_entries,
        members=(*user_entries, *service_accounts),
        keys=key_entries,
        workloads=(*(_workload(number, key) for number, key in enumerate(key_entries)), storage),
        spend_limit=500_000,
        spend_alerts=(300_000, 400_000),
    )


def _key(number: int, owner: MemberEntry) -> KeyEntry:
    return KeyEntry(
        f"key-{number:03}",
        f"Key {number:03}",
        owner.projects[0],
        owner,
        created=owner.joined + timedelta(days=number // 10),
        deleted=_DELETED if number % 40 == 0 and number else None,
        short=number % 10 == 1,
    )


def _workload(number: int, key: KeyEntry) -> Workload:
    busy = number < _BUSY_KEYS
    embeds = number % 11 == 1
    each: dict[str, float] = {
        "requests": 400 - 15 * number if busy else 20 + number % 30,
        "text": 900 + number % 7 * 200,
    }
    return Workload(
        key.project,
        key,
        models.EMBEDDING if embeds else _LINES[number % len(_LINES)],
        each if embeds else {**each, "cached_text": 300, "output_text": 250},
        OFFICE,
        capabilities=("embeddings" if embeds else "completions",),
        idle=0 if busy else _QUIET_DAYS,
    )
