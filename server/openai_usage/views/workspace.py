"""The API key of the workspace, in words: which one it is, or why that is not known and what to do."""

from collections.abc import Iterator, Sequence
from typing import Final

from openai_usage import protocol
from openai_usage.credentials import KeyFault, UnfitKey
from openai_usage.directory import ApiKey, Directory
from openai_usage.matching import Match
from openai_usage.protocol import CHOOSE_KEY, OPEN_SETTINGS, SETTINGS_SECTION, SHOW, Command, Notice, Selection
from openai_usage.queries import key_bill
from openai_usage.scope import filters_of
from openai_usage.settings import KeyId
from openai_usage.views.controls import NO_FILTERS, is_narrowed_to
from openai_usage.views.estimates import without
from openai_usage.views.names import name_of
from openai_usage.views.numbers import day_text
from openai_usage.views.problems import explain
from openai_usage.views.state import KeyState, State
from openai_usage.views.words import WORKSPACE, listed
from openai_usage.workspace import FoundKey, NoKey

_SETTING: Final = f"{SETTINGS_SECTION}.workspaceKey"
_OPEN_SETTING: Final = Command(title="Open settings", command=OPEN_SETTINGS, arguments=[_SETTING])
_CHOOSE: Final = Command(title="Choose", command=SHOW)
_CHOOSE_AGAIN: Final = Command(title="Choose again", command=CHOOSE_KEY, arguments=[None])
_MOST_CANDIDATES: Final = 10
_MOST_PROJECTS: Final = 5


def workspace_key(state: State) -> protocol.WorkspaceKey | None:
    """The filter that narrows the panel to the key; None when it is not known which one it is."""
    workspace = state.workspace
    if workspace is None or workspace.id is None:
        return None
    is_selected = is_narrowed_to(filters_of(state.selection), workspace.id)
    # Narrowed to this key alone: what else it was narrowed to may leave nothing of it.
    narrowed = NO_FILTERS.model_copy(update={"api_key_ids": [workspace.id]})
    return protocol.WorkspaceKey(
        label=WORKSPACE,
        text=key_name(state, workspace.id),
        detail=" · ".join(details(state, workspace, workspace.id)),
        is_selected=is_selected,
        select=Selection(api_key_ids=[]) if is_selected else narrowed,
    )


def key_name(state: State, key_id: str) -> str:
    """What people call it."""
    return name_of("api_key_id", key_id, state.directory).text


def details(state: State, workspace: KeyState, key_id: str) -> list[str]:
    """Its project, its owner, and where it was found."""
    key = state.directory.api_keys.get(key_id) if state.directory else None
    found = []
    if key is not None:
        found.append(f"Project {name_of('project_id', key.project_id, state.directory).text}")
        if key.owner_name:
            found.append(f"Owner {key.owner_name}")
    elif is_unlisted(state, key_id):
        found.append("no longer listed")
    return [*found, _where(workspace)]


def is_unlisted(state: State, key_id: str) -> bool:
    """Whether there is no key of that id (any more)."""
    directory = state.directory
    return directory is not None and directory.is_whole and key_id not in directory.api_keys


def key_problem(state: State) -> str | None:  # noqa: PLR0911 - a table
    """Why the spend of the workspace's key is not told, and what to do; None when it is, or there is no key."""
    workspace = state.workspace
    if workspace is None:
        return None
    match workspace.key, workspace.match:
        case NoKey() as none, _:
            return _no_key(none)
        case FoundKey() as key, Match(None, candidates) if candidates:
            return (
                f"{_redacted(key)} may be any of {len(candidates)} API keys: OpenAI tells no more of a key than its "
                f"beginning and its end. Which one is it?{_of_many(candidates)}"
            )
        # Where OpenAI's list of keys cannot be read, that a key is in none says nothing.
        case ((FoundKey() | KeyId()), _) if state.told.kind != "organization":
            return None
        case FoundKey() as key, Match(None, _):
            return _not_found(key, state.directory or Directory())
        case FoundKey() as key, None if (error := state.failures.get("names")) is not None and state.recent:
            said = explain(error, state.base_url, state.now, None).text
            return (
                f"Which API key it is that this workspace uses ({key.redacted} in {key.place}) is not known: {said} "
                f"Name it by its id in {_SETTING}."
            )
        case FoundKey() as key, None if isinstance(state.problem, KeyFault | UnfitKey):
            return f"{_redacted(key)} is a {key.kind}. What it cost shows here once an admin key may read it."
        case KeyId(id=key_id), _ if is_unlisted(state, key_id):
            return (
                f"No API key of this organisation has the id {key_id} ({_SETTING}). It may be deleted; what was used "
                "with it still counts."
            )
    return None


def key_failure(state: State) -> str | None:
    """Why what was billed for it, or the newest of that, is not there; None when it is, or there is no such key."""
    workspace = state.workspace
    if workspace is None or workspace.id is None or state.problem is not None:
        return None
    if workspace.month is not None:
        text = "OpenAI does not tell what was billed for this key: with ≈ it is estimated by list prices."
        return " ".join(part for part in (text, without(workspace.month.unpriced)) if part)
    error = state.failures.get(key_bill(workspace.id))
    if error is None:
        return None
    return f"What was billed for this key could not be read: {explain(error, state.base_url, state.now, None).text}"


def key_step(state: State) -> Command | None:
    """What to do about it, outside the panel; which one of several it is, is chosen there."""
    # Without a key to read usage with, that is the one thing to do.
    if not key_problem(state) or isinstance(state.problem, KeyFault | UnfitKey):
        return None
    found = state.workspace.match if state.workspace else None
    return _CHOOSE if found is not None and found.candidates else _OPEN_SETTING


def key_notices(state: State) -> Iterator[Notice]:
    """What the user should know of the workspace's key."""
    workspace = state.workspace
    if workspace is None:
        return
    found = workspace.match
    if text := key_problem(state):
        if found is not None and found.candidates and found.key_id is None:
            yield Notice(id="workspace-key", severity="warning", text=text, more=_choices(state, found.candidates))
        else:
            yield Notice(id="workspace-key", severity="info", text=text, command=key_step(state))
    elif isinstance(workspace.key, FoundKey) and found is not None and found.key_id is not None and _is_one_of(found):
        others = len([one for one in found.candidates if one.id != found.key_id])
        keys = "another API key looks" if others == 1 else f"{others} other API keys look"
        text = f"This workspace is taken to use {key_name(state, found.key_id)}; {keys} the same from outside."
        yield Notice(id="workspace-key", severity="info", text=text, command=_CHOOSE_AGAIN)
    if text := key_failure(state):
        yield Notice(id="workspace-bill", severity="info" if workspace.month else "warning", text=text)
    if isinstance(workspace.key, FoundKey) and workspace.key.faults:
        yield Notice(id="workspace-file", severity="info", text=" ".join(workspace.key.faults))


def _is_one_of(found: Match) -> bool:
    return any(one.id != found.key_id for one in found.candidates)


def _where(workspace: KeyState) -> str:
    key = workspace.key
    return f"{key.redacted} in {key.place}" if isinstance(key, FoundKey) else f"set in {_SETTING}"


def _redacted(key: FoundKey) -> str:
    return f"The key of this workspace ({key.redacted} in {key.place})"


def _of_many(candidates: Sequence[ApiKey]) -> str:
    if len(candidates) <= _MOST_CANDIDATES:
        return ""
    return f" The {_MOST_CANDIDATES} that were used last are listed; name another one by its id in {_SETTING}."


def _no_key(none: NoKey) -> str | None:
    """Nothing, where nothing was to be expected: most workspaces have no key."""
    if none.faults:
        return f"{' '.join(none.faults)} So it is not known which API key this workspace uses."
    if not none.is_named or not none.looked_at:
        return None
    return f"There is no such key in {listed(list(none.looked_at))}, where {_SETTING} says that it is."


def _not_found(key: FoundKey, directory: Directory) -> str:
    projects = [name_of("project_id", one, directory).text for one in directory.projects]
    named = projects[:_MOST_PROJECTS]
    if len(projects) > len(named):
        named.append(f"{len(projects) - len(named)} more")
    of = f" of the projects {listed(named)}" if named else ""
    unread = "" if directory.is_whole else " The keys of some projects could not be read."
    return (
        f"{_redacted(key)} is none of the {len(directory.api_keys)} API keys{of}.{unread} It may be deleted, or belong "
        f"to another organisation. Use another one there, or name one by its id in {_SETTING} (off: look for none)."
    )


def _choices(state: State, candidates: Sequence[ApiKey]) -> list[Command]:
    return [
        Command(title=_choice(state, one), command=CHOOSE_KEY, arguments=[one.id])
        for one in candidates[:_MOST_CANDIDATES]
    ]


def _choice(state: State, key: ApiKey) -> str:
    parts = [key.name or key.id, name_of("project_id", key.project_id, state.directory).text]
    if key.owner_name:
        parts.append(key.owner_name)
    used = key.last_used_at
    parts.append(f"last used {day_text(used.date())} {used.year}" if used else "never used")
    return " · ".join(parts)
