"""What could not be done, in a status and in words."""

from __future__ import annotations

import httpx
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

from assignment_actions import (
    Action,
    DuplicateActionError,
    OutcomeUnknownError,
    StorageError,
)
from examples.fastapi_app.reminders import RecordedAction


def answer_refusals(app: FastAPI) -> None:
    """Let an application answer these exceptions, whichever route they come from."""

    @app.exception_handler(DuplicateActionError)
    async def done_already(_: Request, error: DuplicateActionError) -> JSONResponse:
        return _answer(409, "This was done already, or is under way.", error.action)

    @app.exception_handler(OutcomeUnknownError)
    async def nobody_knows(_: Request, error: OutcomeUnknownError) -> JSONResponse:
        words = (
            "An earlier try was interrupted, and nobody knows whether it happened."
            " Find out first, or it may be done twice."
        )
        return _answer(409, words, error.action)

    @app.exception_handler(StorageError)
    async def no_store(_: Request, __: StorageError) -> JSONResponse:
        words = "The record cannot be reached, so nothing was done. Try again later."
        return _answer(503, words)

    @app.exception_handler(httpx.HTTPError)
    async def no_mail(_: Request, __: httpx.HTTPError) -> JSONResponse:
        words = "The mail provider did not take it. This was recorded; try again later."
        return _answer(502, words)


def _answer(status: int, words: str, action: Action | None = None) -> JSONResponse:
    content: dict[str, object] = {"detail": words}
    if action is not None:
        content["action"] = RecordedAction.of(action)
    return JSONResponse(jsonable_encoder(content), status)
