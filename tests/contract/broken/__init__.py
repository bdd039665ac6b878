"""Adapters that are wrong in one way each, and the tests of the contract that tell."""

from contract.broken import (  # noqa: F401  # imported for their subclasses of Broken
    completing,
    counting,
    deleting,
    finding,
    grouping,
    paging,
    reading,
    refusing,
    scrubbing,
    searching,
    storing,
)
from contract.broken.right import Broken

ALL_BROKEN: tuple[type[Broken], ...] = tuple(Broken.__subclasses__())
