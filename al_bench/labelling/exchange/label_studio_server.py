"""Requests to a Label Studio server: JSON out and in, within bounds, every failure one line.

The token comes from the environment variable LABEL_STUDIO_API_KEY, as for Label Studio's own SDK, and goes nowhere but
to the server: redirections are not followed, and no message, record or file has it. A personal access token (a JSON Web
Token) is exchanged for a short-lived one; any other is sent as a legacy token.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from al_bench import __version__
from al_bench.errors import InputError
from al_bench.storage.files import MEGABYTE

TOKEN = "LABEL_STUDIO_API_KEY"
"""The environment variable of the token."""
TIMEOUT = 60.0
"""Seconds without a byte after which a request is given up."""
LIMIT = 128 * MEGABYTE
"""Bytes of an answer that are read."""
LONGEST_DETAIL = 300
"""Characters of the server's own words in a message."""


@dataclass(frozen=True)
class Address:
    """The address of a server, and of a project there.

    Args:
        url: Of the server, without a slash at its end.
        project: The project's number; None where the address names none.
    """

    url: str
    project: int | None = None

    def __str__(self) -> str:
        return self.url if self.project is None else f"{self.url}/projects/{self.project}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address that `--label-studio` gives: a server's, or a page of a project there.

        Raises:
            InputError: it is something else.
        """
        what = f"--label-studio is {text!r}; it must be an address such as http://localhost:8080, or that of a project "
        what += "there, such as http://localhost:8080/projects/7"
        if not re.fullmatch(r"[!-~]+", text.strip()):
            raise InputError(what)
        try:
            parts = urllib.parse.urlsplit(text.strip())
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise InputError(f"{what} ({error})") from error
        if parts.username is not None or parts.password is not None:
            shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
            raise InputError(f"--label-studio has a password in the address; give {shown}, and the token as {TOKEN}")
        if parts.scheme not in ("http", "https") or not host:
            raise InputError(what)
        path = parts.path.rstrip("/")
        match = re.fullmatch(r"(.*?)/projects(?:/(\d{1,12})(?:/.*)?)?", path)
        prefix, number = (match[1], match[2]) if match else (path, None)
        return cls(f"{parts.scheme}://{parts.netloc}{prefix}", None if number is None else int(number))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirection is an answer: whatever follows one sends the token to wherever it points."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Refused(InputError):
    """The server answered with an error.

    Args:
        message: The line.
        status: Of HTTP.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Server:
    """A Label Studio server that takes the token.

    Args:
        url: Its address, without a slash at its end.
        token: The user's.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.release = ""
        self._token = token
        self._access = ""
        self._opener = urllib.request.build_opener(_NoRedirect())

    @classmethod
    def connect(cls, url: str) -> Server:
        """A server that answers as Label Studio, and takes the token.

        Raises:
            InputError: there is no token, no server, another kind of server, or it does not take the token.
        """
        token = os.environ.get(TOKEN, "").strip()
        if not token:
            raise InputError(
                f"--label-studio needs a token in the environment: export {TOKEN}=…, a personal access token, which "
                f"{url} shows under Account & Settings"
            )
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise InputError(f"{TOKEN} has characters that no token has; copy it again")
        server = cls(url, token)
        version = server._answer("GET", "/api/version", {}, None, "")
        release = version.get("release") if isinstance(version, dict) else None
        if not isinstance(release, str):
            raise InputError(f"{url} answers, but not as Label Studio does; give --label-studio its address")
        server.release = release
        server.get("/api/current-user/whoami")
        return server

    def get(self, path: str, **query: str | int) -> Any:
        """What the server answers to GET.

        Args:
            path: After the server's address.
            query: Its parameters.
        """
        return self._authorised("GET", path, query, None, "")

    def post(self, path: str, content: Any, **query: str | int) -> Any:
        """What the server answers to POST of JSON."""
        body = json.dumps(content, ensure_ascii=False).encode("utf-8", "backslashreplace")
        return self._authorised("POST", path, query, body, "application/json")

    def upload(self, path: str, files: Sequence[tuple[str, bytes]], **query: str | int) -> Any:
        """What the server answers to POST of files.

        Args:
            path: After the server's address.
            files: Name, of plain letters, and bytes.
            query: Parameters of the address.
        """
        line = f"al-bench-{os.urandom(16).hex()}"
        parts = []
        for number, (name, content) in enumerate(files):
            head = f'--{line}\r\nContent-Disposition: form-data; name="file{number}"; filename="{name}"\r\n'
            parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n")
        body = b"".join(parts) + f"--{line}--\r\n".encode()
        return self._authorised("POST", path, query, body, f"multipart/form-data; boundary={line}")

    def _authorised(self, method: str, path: str, query: Mapping[str, str | int], body: bytes | None, kind: str) -> Any:
        """The answer to a request with the token; a short-lived one that has run out is renewed."""
        renewable = self._token.count(".") == 2
        if not renewable:
            return self._answer(method, path, query, body, kind, f"Token {self._token}")
        if self._access:
            try:
                return self._answer(method, path, query, body, kind, f"Bearer {self._access}")
            except Refused as error:
                if error.status != 401:
                    raise
        renewed = self._answer("POST", "/api/token/refresh", {}, json.dumps({"refresh": self._token}).encode())
        access = renewed.get("access") if isinstance(renewed, dict) else None
        if not isinstance(access, str) or not (access.isascii() and access.isprintable()):
            raise InputError(f"{self.url} answers, but not as Label Studio does; give --label-studio its address")
        self._access = access
        return self._answer(method, path, query, body, kind, f"Bearer {access}")

    def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int],
        body: bytes | None,
        kind: str = "application/json",
        authorization: str = "",
    ) -> Any:
        """The answer, decoded.

        Raises:
            Refused: the server answers with an error.
            InputError: there is no answer, or none of JSON.
        """
        target = f"{self.url}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        request = urllib.request.Request(target, body, method=method)
        request.add_header("User-Agent", f"al-bench/{__version__}")
        request.add_header("Accept", "application/json")
        if body is not None:
            request.add_header("Content-Type", kind)
        if authorization:
            request.add_unredirected_header("Authorization", authorization)
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                content = response.read(LIMIT + 1)
        except urllib.error.HTTPError as error:
            raise self._refused(error, path) from error
        except (OSError, http.client.HTTPException) as error:
            raise InputError(
                f"{self.url} cannot be reached: {_reason(error)}; nothing is lost: give the same command again"
            ) from error
        if len(content) > LIMIT:
            raise InputError(f"{self.url}{path} answers with more than {LIMIT:,} bytes, which are the limit")
        try:
            return msgspec.json.decode(content)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
            raise InputError(
                f"{self.url} answers, but not as Label Studio does; give --label-studio its address"
            ) from error

    def _refused(self, error: urllib.error.HTTPError, path: str) -> Refused:
        status, where = error.code, f"{self.url}{path}"
        if 300 <= status < 400:
            target = str(error.headers.get("Location", "another address"))[:LONGEST_DETAIL]
            return Refused(f"{where} redirects to {target}; give --label-studio the address that it leads to", status)
        try:
            detail = _detail(error.read(MEGABYTE)).replace(self._token, "…")
        except (OSError, http.client.HTTPException):
            detail = ""
        said = f" ({detail})" if detail else ""
        if status == 401:
            return Refused(
                f"{self.url} does not take the token{said}; export {TOKEN}=…, a personal access token, which the "
                "server shows under Account & Settings",
                status,
            )
        if status == 403:
            return Refused(f"{where}: the token's owner may not do that{said}", status)
        return Refused(f"{where} answers with status {status}{said}", status)


def _reason(error: Exception) -> str:
    """Why there is no answer, in few words."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return f"no answer within {TIMEOUT:.0f} s"
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({reason.verify_message})"
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return str(text)[:LONGEST_DETAIL]


def _detail(content: bytes) -> str:
    """What an error of the server says; nothing where it is a page."""
    try:
        answer = msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    if not isinstance(answer, dict):
        return ""
    detail = answer.get("detail")
    parts = [detail] if isinstance(detail, str) else []
    errors = answer.get("validation_errors")
    if isinstance(errors, dict):
        parts += [str(message) for messages in errors.values() for message in _listed(messages)]
    return "; ".join(parts)[:LONGEST_DETAIL]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
