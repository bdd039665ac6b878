"""botocore, its own parsers and all, against a server on this machine."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialResolver
from exceptions.cases import Cases, Provoke
from exceptions.servers import (
    HOST,
    RESET,
    SILENCE,
    Talk,
    crowded,
    nobody,
    replying,
    serving,
)
from exceptions.world import World

from assignment_actions import ErrorReason

AWS = Cases("botocore", reason=ErrorReason.INTERNAL_API_ERROR)
PATIENCE = 0.1
_KEY_ID = "AK" + "IA" + "INVENTED0FOR0TEST"


def a_session() -> botocore.session.Session:
    """Return a session that looks at no file of this machine."""
    session = botocore.session.Session()
    session.set_config_variable("region", "eu-west-1")
    session.set_config_variable("config_file", "/nonexistent")
    session.set_config_variable("credentials_file", "/nonexistent")
    return session


def a_client(port: int, patience: float = 5) -> Any:
    """Return a client that sends mail, and does not try again."""
    config = Config(
        connect_timeout=patience,
        read_timeout=patience,
        retries={"total_max_attempts": 1},
    )
    return a_session().create_client(
        "ses",
        endpoint_url=f"http://{HOST}:{port}",
        aws_access_key_id=_KEY_ID,
        aws_secret_access_key="invented",
        config=config,
    )


def _send_mail(ses: Any) -> None:
    ses.send_email(
        Source="courses@school.invalid",
        Destination={"ToAddresses": ["jo@school.invalid"]},
        Message={"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}},
    )


def mailed(talk: Talk, patience: float = 5) -> Provoke:
    """Return what sends a mail with SES through a server that talks so."""

    def provoke(_: World) -> None:
        with serving(talk) as port:
            _send_mail(a_client(port, patience))

    return provoke


def answered(status: str, kind: str, code: str) -> Talk:
    """Return a server that answers with an error as SES writes it."""
    body = (
        f"<ErrorResponse><Error><Type>{kind}</Type><Code>{code}</Code>"
        "<Message>invented</Message></Error></ErrorResponse>"
    )
    return replying(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}")


AWS.add(
    "throttled",
    "botocore.exceptions.ClientError",
    mailed(answered("400 Bad Request", "Sender", "Throttling")),
)
AWS.add(
    "modelled",
    "botocore.errorfactory.MessageRejected",
    mailed(answered("400 Bad Request", "Sender", "MessageRejected")),
)
AWS.add(
    "broken",
    "botocore.exceptions.ClientError",
    mailed(answered("500 Oh", "Receiver", "InternalFailure")),
)
AWS.add(
    "gateway_too_slow",
    "botocore.exceptions.ClientError",
    mailed(answered("504 Gateway Timeout", "Receiver", "Unknown")),
    reason=ErrorReason.TIMEOUT,
)
AWS.add(
    "silent",
    "botocore.exceptions.ReadTimeoutError",
    mailed(replying(SILENCE), PATIENCE),
    reason=ErrorReason.TIMEOUT,
)
AWS.add("no_answer", "botocore.exceptions.ConnectionClosedError", mailed(replying()))
AWS.add("reset", "botocore.exceptions.ConnectionClosedError", mailed(replying(RESET)))
AWS.add(
    "not_xml",
    "botocore.parsers.ResponseParserError",
    mailed(replying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<so it is")),
)


@AWS.of("botocore.exceptions.EndpointConnectionError")
def refused(_: World) -> None:
    with nobody() as port:
        _send_mail(a_client(port))


@AWS.of("botocore.exceptions.ConnectTimeoutError", reason=ErrorReason.TIMEOUT)
def cannot_connect(_: World) -> None:
    with crowded() as port:
        _send_mail(a_client(port, PATIENCE))


@AWS.of("botocore.exceptions.ParamValidationError")
def parameter_missing(_: World) -> None:
    a_client(1).send_email(Source="courses@school.invalid")


@AWS.of("botocore.exceptions.NoCredentialsError")
def no_credentials(_: World) -> None:
    session = a_session()
    session.register_component("credential_provider", CredentialResolver([]))
    _send_mail(session.create_client("ses", endpoint_url=f"http://{HOST}:1"))


AWS.add(
    "unknown_service",
    "botocore.exceptions.UnknownServiceError",
    lambda _: a_session().create_client("school"),
)
AWS.add(
    "no_profile",
    "botocore.exceptions.ProfileNotFound",
    lambda _: botocore.session.Session(profile="nobody").get_scoped_config(),
)
