"""A journal on disk: outcomes that could not be stored survive the process."""

from assignment_actions.adapters.journal.file import FileJournal

__all__ = ["FileJournal"]
