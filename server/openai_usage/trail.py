"""What the panel is to show, and the way back to what it showed before the last step into detail."""

from typing import Final

from openai_usage.protocol import Selection
from openai_usage.scope import FIRST_SELECTION, filters_of, merged

_MOST_STEPS_BACK: Final = 20


class Trail:
    """A selection, whole, and those that it was narrowed from."""

    def __init__(self, selection: Selection = FIRST_SELECTION) -> None:
        self.selection = selection
        self._steps: list[Selection] = []

    @property
    def back(self) -> Selection | None:
        """What was shown before the last step into detail."""
        return self._steps[-1] if self._steps else None

    def select(self, selection: Selection, *, is_first: bool = False) -> None:
        """Show something else. Of what nobody saw (`is_first`) there is no way back."""
        old, new = self.selection, merged(self.selection, selection)
        self.selection = new
        if is_first or not filters_of(new):
            self._steps.clear()
        elif self._steps and filters_of(self._steps[-1]) == filters_of(new):
            self._steps.pop()
        elif filters_of(old) != filters_of(new):
            self._steps = [*self._steps, old][-_MOST_STEPS_BACK:]

    def replace(self, selection: Selection) -> None:
        """Show something else in its place, as if it had been chosen."""
        self.selection = merged(self.selection, selection)
