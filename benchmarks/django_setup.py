"""Django outside a project: one database at a time, tables without migrations."""
# The peers are not installed where types are checked.
# mypy: ignore-errors

from __future__ import annotations

import django
from django.apps import apps
from django.conf import settings
from django.db import connection, connections, models
from sqlalchemy import URL

APPS = (
    *("django.contrib.contenttypes", "django.contrib.auth"),
    *("simple_history", "auditlog", "django_celery_results", "benchmarks"),
)


def use(url: URL, synchronous: str) -> None:
    """Let Django's default database be this one, from now on."""
    databases = {"default": _database(url, synchronous)}
    if not settings.configured:
        settings.configure(
            DATABASES=databases,
            INSTALLED_APPS=APPS,
            USE_TZ=True,
            TIME_ZONE="UTC",
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        )
        django.setup()
        return
    connection.close()
    del connections["default"]
    settings.DATABASES = databases
    connections.settings = connections.configure_settings(databases)
    apps.get_model("contenttypes", "ContentType").objects.clear_cache()


def create_tables(*wanted: type[models.Model]) -> None:
    """Create the tables that are still missing."""
    known = set(connection.introspection.table_names())
    with connection.schema_editor() as editor:
        for model in wanted:
            if table_of(model) not in known:
                editor.create_model(model)


def empty(*wanted: type[models.Model]) -> None:
    """Delete all rows, past signals and history."""
    with connection.cursor() as cursor:
        for model in wanted:
            cursor.execute(f"DELETE FROM {table_of(model)}")  # noqa: S608  # our own


def table_of(model: type[models.Model]) -> str:
    """Return the name of a model's table."""
    return model._meta.db_table  # noqa: SLF001  # Django's documented name


def _database(url: URL, synchronous: str) -> dict[str, object]:
    common = {
        "NAME": url.database,
        "HOST": url.host or "",
        "PORT": str(url.port or ""),
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "CONN_MAX_AGE": None,
    }
    match url.get_backend_name():
        case "sqlite":
            pragmas = f"PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}"
            return common | {
                "ENGINE": "django.db.backends.sqlite3",
                "OPTIONS": {"init_command": pragmas},
            }
        case "postgresql":
            return common | {"ENGINE": "django.db.backends.postgresql"}
        case _:
            import pymysql  # noqa: PLC0415  # only where it stands in for MySQLdb

            pymysql.install_as_MySQLdb()
            return common | {
                "ENGINE": "django.db.backends.mysql",
                "OPTIONS": {"charset": "utf8mb4"},
            }
