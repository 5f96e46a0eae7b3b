"""One UTC day of `/v1/usage`, the usage endpoint of 2023: rows of five minutes, in the three shapes that are known.

The shapes are those of public client code (2023), of a blog (early 2024), and of Elastic's metricbeat module and its
tests (late 2024). The sums over all rows are those of the organisation API, model by model.
"""

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import Any, Final, Literal

from openai_usage.demo.endpoints import USAGE
from openai_usage.demo.organization import Organization, UsageRow
from openai_usage.demo.roster import DAY

Json = dict[str, Any]
Era = Literal["2023", "early 2024", "late 2024"]

_SLOT: Final = 300
_LISTS: Final = (
    "data",
    "ft_data",  # what the rows of this list and of the last two look like is not known: all samples have them empty
    "dalle_api_data",
    "whisper_api_data",
    "tts_api_data",
    "assistant_code_interpreter_data",
    "retrieval_storage_data",
)
_OPERATIONS: Final = {
    "completions": "completion",
    "decisions": "completion",
    "embeddings": "embeddings",  # seen in a public client's test, in rows of November 2023
    "moderations": "moderations",  # a guess
}
_IMAGE_OPERATIONS: Final = {
    "image.generation": "generations",
    "image.edit": "edits",  # a guess, and so is the next
    "image.variation": "variations",
}
_TOKENS: Final = USAGE["completions"].metrics
_CALLER: Final = ("user_id", "api_key_id", "project_id")


def empty_day(era: Era) -> Json:
    """A day of which nothing is told."""
    day: Json = {"object": "list", **{name: [] for name in _LISTS}}
    if era == "2023":
        day["current_usage_usd"] = 0.0  # whatever was used, as all reports have it
    return day


class FiveMinutes:
    """The days of one organisation as JSON objects; those of one user with `user_id`."""

    def __init__(self, organization: Organization, era: Era, user_id: str | None = None) -> None:
        self._organization = organization
        self._era = era
        self._user_id = user_id
        self._emails = organization.roster.emails()
        self._keys = organization.roster.every_key()
        self._projects = {project.id: project.name for project in organization.projects}

    def day(self, number: int) -> Json:
        """A day, counted from 1970: of today what is over, of the future nothing."""
        day = empty_day(self._era)
        midnight = number * DAY
        slots = range(midnight, min(midnight + DAY, self._organization.clock()), _SLOT)
        day["data"] = [row for slot in slots for row in self._token_rows(slot)]
        if self._era == "late 2024":
            # Five minutes are what samples show of transcriptions; those of speeches have the UTC midnight.
            day["whisper_api_data"] = [row for slot in slots for row in self._transcriptions(slot)]
            day["dalle_api_data"] = list(self._images(midnight))
            day["tts_api_data"] = list(self._speeches(midnight))
        return day

    def _used(self, capability: str, start: int, seconds: int, *dimensions: str) -> Iterator[UsageRow]:
        """Usage of some seconds, with the counts of those rows added up that have the same dimensions."""
        rows = self._organization.usage(capability, start, start + seconds)
        return _merged((row for row in rows if self._user_id in (None, row.user_id)), dimensions)

    def _token_rows(self, slot: int) -> Iterator[Json]:
        dimensions = ("model",) if self._era == "2023" else ("model", *_CALLER)
        for capability, operation in _OPERATIONS.items():
            for row in self._used(capability, slot, _SLOT, *dimensions):
                yield self._token_row(row, slot, operation)

    def _token_row(self, row: UsageRow, slot: int, operation: str) -> Json:
        realtime = operation == "completion" and "realtime" in (row.model or "")
        requests, generated = row.counts["requests"], _total(row, "output_tokens")
        told: Json = {
            "aggregation_timestamp": slot,
            "n_requests": requests,
            "operation": "completion-realtime" if realtime else operation,
            "snapshot_id": row.model,
            "n_context_tokens_total": _total(row, "input_tokens"),
            "n_generated_tokens_total": generated,
        }
        if self._era == "2023":
            # Prompts and answers: a request could have several of each. These have one.
            return told | {"n_context": requests, "n_generated": requests if generated else 0}
        if self._era == "early 2024":
            return told | self._organization_of() | {"user_id": row.user_id} | self._key_of(row)
        return {
            **told,
            **self._organization_of(),
            "email": self._email_of(row),
            **self._late_caller(row),
            "request_type": "",
            "n_cached_context_tokens_total": _total(row, "input_cached_tokens"),
        }

    def _images(self, midnight: int) -> Iterator[Json]:
        for row in self._used("images", midnight, DAY, "model", "size", "source", *_CALLER):
            yield {
                "timestamp": midnight,
                "num_images": row.counts["images"],
                "num_requests": row.counts["requests"],
                "image_size": row.size,
                "operation": _IMAGE_OPERATIONS[row.source or "image.generation"],
                **self._media(row),
            }

    def _transcriptions(self, slot: int) -> Iterator[Json]:
        for row in self._used("audio_transcriptions", slot, _SLOT, "model", *_CALLER):
            seconds, requests = row.counts["seconds"], row.counts["requests"]
            yield {"timestamp": slot, "num_seconds": seconds, "num_requests": requests, **self._media(row)}

    def _speeches(self, midnight: int) -> Iterator[Json]:
        for row in self._used("audio_speeches", midnight, DAY, "model", *_CALLER):
            characters, requests = row.counts["characters"], row.counts["requests"]
            yield {"timestamp": midnight, "num_characters": characters, "num_requests": requests, **self._media(row)}

    def _media(self, row: UsageRow) -> Json:
        """What images, transcriptions and speeches say alike. Their `user_id` is an e-mail address."""
        caller = self._late_caller(row)
        return {"model_id": row.model, "user_id": self._email_of(row), **self._organization_of(), **caller}

    def _organization_of(self) -> Json:
        return {"organization_id": self._organization.id, "organization_name": self._organization.name}

    def _email_of(self, row: UsageRow) -> str | None:
        """None for a service account."""
        return self._emails.get(row.user_id or "")

    def _key_of(self, row: UsageRow) -> Json:
        key = self._keys.get(row.api_key_id or "")
        return {
            "api_key_id": row.api_key_id,
            "api_key_name": key.name if key else None,
            # The last three characters, where the lists of the organisation API show four.
            "api_key_redacted": f"sk-...{key.secret[-3:]}" if key else None,
        }

    def _late_caller(self, row: UsageRow) -> Json:
        return {
            **self._key_of(row),
            "api_key_type": "project" if row.api_key_id else None,
            "project_id": row.project_id,
            "project_name": self._projects[row.project_id],
        }


def _merged(rows: Iterable[UsageRow], dimensions: tuple[str, ...]) -> Iterator[UsageRow]:
    alike = attrgetter(*dimensions)
    groups: dict[object, UsageRow] = {}
    for row in rows:
        known = groups.get(alike(row))
        if known is not None:
            kinds = dict.fromkeys((*known.counts, *row.counts))
            sums = {kind: known.counts.get(kind, 0) + row.counts.get(kind, 0) for kind in kinds}
            row = row._replace(counts=sums)  # noqa: PLW2901 - the same row, with more in it
        groups[alike(row)] = row
    return iter(groups.values())


def _total(row: UsageRow, metric: str) -> int:
    return sum(row.counts.get(kind, 0) for kind in _TOKENS[metric])
