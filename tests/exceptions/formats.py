"""Data that is not what it should be: parsers, codecs, archives, dates, numbers."""

from __future__ import annotations

import argparse
import ast
import binascii
import bz2
import codecs
import configparser
import csv
import decimal
import email.headerregistry
import fractions
import getopt
import graphlib
import gzip
import http.cookies
import io
import ipaddress
import json
import lzma
import pickle
import plistlib
import re
import shlex
import statistics
import string
import struct
import tarfile
import tomllib
import urllib.parse
import uuid
import zipfile
import zlib
import zoneinfo
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from xml.dom import minidom
from xml.etree import ElementTree as ET

from exceptions.cases import Cases
from exceptions.world import World

FORMATS = Cases("format")


def _circle() -> list[object]:
    circle: list[object] = []
    circle.append(circle)
    return circle


def _configured(text: str) -> str:
    parser = configparser.ConfigParser()
    parser.read_string(text)
    return parser["mail"]["host"]


def _arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--days", type=int)
    return parser.parse_args(given)


class Unpicklable:
    """Refuse to be pickled."""

    def __reduce__(self) -> str:
        raise TypeError("not this one")


for name, kinds, provoke in (
    ("json", "json.decoder.JSONDecodeError", lambda _: json.loads('{"a": ')),
    ("json_is_bytes", "UnicodeDecodeError", lambda _: json.loads(b'{"a": "\xff"}')),
    ("not_for_json", "TypeError", lambda _: json.dumps({"at": datetime.now(UTC)})),
    ("circle_for_json", "ValueError", lambda _: json.dumps(_circle())),
    ("nan_for_json", "ValueError", lambda _: json.dumps([1e999], allow_nan=False)),
    ("csv", "_csv.Error", lambda _: list(csv.reader(["a\0b\rc"]))),
    (
        "csv_columns",
        "ValueError",
        lambda _: csv.DictWriter(io.StringIO(), ["a"]).writerow({"b": 1}),
    ),
    ("utf_8", "UnicodeDecodeError", lambda _: b"\xff".decode()),
    ("ascii", "UnicodeEncodeError", lambda _: "ä".encode("ascii")),
    ("surrogate", "UnicodeEncodeError", lambda _: "\ud800".encode()),
    ("codec", "LookupError", lambda _: codecs.lookup("utf-88")),
    ("base64", "binascii.Error", lambda _: binascii.a2b_base64("a")),
    ("struct", "struct.error", lambda _: struct.unpack("i", b"a")),
    ("zip", "zipfile.BadZipFile", lambda _: zipfile.ZipFile(io.BytesIO(b"no"))),
    ("tar", "tarfile.ReadError", lambda _: tarfile.TarFile(fileobj=io.BytesIO(b"no"))),
    ("gzip", "gzip.BadGzipFile", lambda _: gzip.decompress(b"not at all")),
    ("zlib", "zlib.error", lambda _: zlib.decompress(b"not at all")),
    ("lzma", "_lzma.LZMAError", lambda _: lzma.decompress(b"not at all")),
    ("bz2", "OSError", lambda _: bz2.decompress(b"not at all")),
    ("pickle", "_pickle.UnpicklingError", lambda _: pickle.loads(b"not at all")),
    ("pickle_ends", "EOFError", lambda _: pickle.loads(b"")),
    ("pickle_refused", "TypeError", lambda _: pickle.dumps(Unpicklable())),
    (
        "xml",
        "xml.etree.ElementTree.ParseError",
        lambda _: ET.fromstring("<a>"),
    ),
    ("expat", "xml.parsers.expat.ExpatError", lambda _: minidom.parseString("<a>")),
    ("toml", "tomllib.TOMLDecodeError", lambda _: tomllib.loads("a =")),
    ("plist", "plistlib.InvalidFileException", lambda _: plistlib.loads(b"no")),
    ("ini", "configparser.MissingSectionHeaderError", lambda _: _configured("a = b")),
    (
        "ini_twice",
        "configparser.DuplicateSectionError",
        lambda _: _configured("[a]\n[a]"),
    ),
    ("ini_section", "KeyError", lambda _: _configured("[a]")),
    (
        "ini_reference",
        "configparser.InterpolationMissingOptionError",
        lambda _: _configured("[mail]\nhost = %(server)s"),
    ),
    ("shell", "ValueError", lambda _: shlex.split('echo "a')),
    ("options", "getopt.GetoptError", lambda _: getopt.getopt(["-x"], "a")),
    ("arguments", "argparse.ArgumentError", lambda _: _arguments("--days", "many")),
    ("pattern", ("re.error", "re.PatternError"), lambda _: re.compile("(")),
    ("template", "KeyError", lambda _: string.Template("$name").substitute()),
    ("template_place", "ValueError", lambda _: string.Template("$").substitute()),
    ("format_text", "IndexError", lambda _: str.format("{} {}", "one")),
    ("python", "SyntaxError", lambda _: ast.parse("if")),
    (
        "indentation",
        "IndentationError",
        lambda _: compile("if 1:\na", "<text>", "exec"),
    ),
    ("literal", "ValueError", lambda _: ast.literal_eval("print()")),
    ("uuid", "ValueError", lambda _: uuid.UUID("jo")),
    ("time", "ValueError", lambda _: datetime.fromisoformat("yesterday")),
    ("day", "ValueError", lambda _: date(2026, 2, 30)),
    ("far_away", "OverflowError", lambda _: date.max + timedelta(1)),
    (
        "naive",
        "TypeError",
        lambda _: datetime.now(UTC) < datetime.fromisoformat("2026-01-01"),
    ),
    ("month", ("calendar.IllegalMonthError",), lambda _: monthrange(2026, 13)),
    (
        "time_zone",
        "zoneinfo._common.ZoneInfoNotFoundError",
        lambda _: zoneinfo.ZoneInfo("Nowhere/Atlantis"),
    ),
    ("ip_address", "ValueError", lambda _: ipaddress.ip_address("300.1.2.3")),
    (
        "ip_network",
        "ipaddress.NetmaskValueError",
        lambda _: ipaddress.IPv4Network("1.2.3.4/99"),
    ),
    ("url", "ValueError", lambda _: urllib.parse.urlsplit("http://[::1")),
    (
        "cookie",
        "http.cookies.CookieError",
        lambda _: http.cookies.SimpleCookie({"a b": "c"}),
    ),
    ("mail_address", "ValueError", lambda _: email.headerregistry.Address("a\r\nb")),
    ("number", "ValueError", lambda _: int("many")),
    ("long_number", "ValueError", lambda _: int("9" * 5000)),
    ("decimal", "decimal.InvalidOperation", lambda _: decimal.Decimal("many")),
    ("decimal_by_zero", "decimal.DivisionByZero", lambda _: decimal.Decimal(1) / 0),
    ("fraction", "ZeroDivisionError", lambda _: fractions.Fraction(1, 0)),
    ("no_data", "statistics.StatisticsError", lambda _: statistics.mean([])),
    (
        "order",
        "graphlib.CycleError",
        lambda _: list(graphlib.TopologicalSorter({1: [2], 2: [1]}).static_order()),
    ),
):
    FORMATS.add(name, kinds, provoke)


@FORMATS.of("SystemExit", reason="interrupted")
def usage(_: World) -> None:
    argparse.ArgumentParser(usage="none").error("that is not how it goes")
