from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from domain.samples import ASSIGNMENT, action

from assignment_actions import Page
from assignment_actions.domain.filters import Cursor
from assignment_actions.domain.pages import page_after, page_before

PLACE = Cursor.of(action(5))
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
STEP = timedelta(microseconds=1)


def text(number: int) -> str:
    """Return the cursor of an action."""
    return Cursor.of(action(number)).encode()


class TestPageAfter:
    def test_first_of_several(self) -> None:
        """One more than asked for was found: there is a next page, and none before."""
        found = [action(3), action(2), action(1)]

        assert Page((action(3), action(2)), text(2)) == page_after(found, 2, None)

    def test_middle(self) -> None:
        """After a place there is something before, too."""
        found = [action(3), action(2), action(1)]
        expected = Page((action(3), action(2)), text(2), text(3))

        assert expected == page_after(found, 2, PLACE)

    @pytest.mark.parametrize("limit", [2, 5])
    def test_last(self, limit: int) -> None:
        """No more were found: the page is the last."""
        found = [action(2), action(1)]

        assert Page((action(2), action(1))) == page_after(found, limit, None)
        assert page_after(found, limit, PLACE).next_cursor is None

    def test_empty(self) -> None:
        """From an empty page the way back leads right behind its place."""
        behind = PLACE.moved(-STEP).encode()

        assert Page((), None, behind) == page_after([], 2, PLACE)
        assert Page(()) == page_after([], 2, None)

    def test_none_asked_for(self) -> None:
        """A limit of 0 is an empty page that knows no way."""
        assert Page(()) == page_after([], 0, None)
        assert Page(()) == page_after([], 0, PLACE)


class TestPageBefore:
    def test_middle(self) -> None:
        """One more than asked for was found, the newest: it is on a page before."""
        found = [action(9), action(8), action(7)]
        expected = Page((action(8), action(7)), text(7), text(8))

        assert expected == page_before(found, 2, PLACE)

    @pytest.mark.parametrize("limit", [2, 5])
    def test_first(self, limit: int) -> None:
        """No more were found: nothing is newer."""
        expected = Page((action(8), action(7)), text(7))

        assert expected == page_before([action(8), action(7)], limit, PLACE)

    def test_empty(self) -> None:
        """From an empty page the way on begins right before its place."""
        assert Page((), PLACE.moved(STEP).encode()) == page_before([], 2, PLACE)

    def test_none_asked_for(self) -> None:
        """A limit of 0 is an empty page that knows no way."""
        assert Page(()) == page_before([], 0, PLACE)

    @pytest.mark.parametrize("moment", [FIRST, LAST], ids=["first", "last"])
    def test_where_time_ends(self, moment: datetime) -> None:
        """At the ends of time a way leads from the place itself."""
        place = Cursor(moment, UUID(int=7), ASSIGNMENT)
        cursors = {
            page_after([], 2, place).previous_cursor,
            page_before([], 2, place).next_cursor,
        }

        assert place.encode() in cursors
        assert all(Cursor.decode(one or "") for one in cursors)
