"""Where Redis is: one spelling of ``REDIS_URL``, translated for both clients.

redis-py and Celery's transport (kombu) spell Unix sockets, Sentinel and TLS differently, and kombu
does not verify a certificate unless it is told to. Here are the spellings that both understand:

    redis://[user:password@]host[:port][/database]
    rediss://…                                       with TLS
    unix://[user:password@]/path/to/socket[?db=0]
    redis+sentinel://[user:password@]host[:port],host[:port]/master[/database]
    rediss+sentinel://…                              with TLS, to the sentinels too

Options of TLS are ``ssl_cert_reqs`` (required, optional, none), ``ssl_ca_certs``, ``ssl_certfile``,
``ssl_keyfile`` and ``ssl_check_hostname`` (true, false); of Sentinel ``sentinel_username`` and
``sentinel_password``, where the sentinels themselves ask for one.

Source: redis-py ``Redis.from_url``; celery/kombu v5 kombu/transport/redis.py, ``_connparams``.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from core.errors import FieldError

FIELD: Final = "REDIS_URL"
SCHEMES: Final = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
OTHER_SPELLINGS: Final = {
    "redis+socket": "unix:///path/to/socket",
    "sentinel": "redis+sentinel://host:26379,host:26379/master",
}
REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379
VERIFICATIONS: Final = {
    "required": ssl.CERT_REQUIRED,
    "optional": ssl.CERT_OPTIONAL,
    "none": ssl.CERT_NONE,
}
TLS_OPTIONS: Final = (
    "ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_check_hostname",
)  # fmt: skip
SENTINEL_OPTIONS: Final = ("sentinel_username", "sentinel_password")


@dataclass(frozen=True, kw_only=True)
class RedisAddress:
    """An address that both clients can use.

    Attributes:
        hosts: of Redis, or of the sentinels; empty for a Unix socket.
        path: of the Unix socket; empty for others.
        master: name of the master that the sentinels watch; empty without Sentinel.
        username: of the ACL user, None = the default one.
        password: its password.
        database: number of the database.
        tls: options of TLS as both clients take them; None = none.
        sentinel_login: what the sentinels themselves ask for.
    """

    hosts: tuple[tuple[str, int], ...] = ()
    path: str = ""
    master: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0
    tls: dict[str, Any] | None = None
    sentinel_login: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def broker_url(self) -> str:
        """The address as Celery's transport spells it; ``tls`` is passed beside it."""
        login = ""
        if self.password is not None:
            login = f"{quote(self.username or '', safe='')}:{quote(self.password, safe='')}@"
        if self.path:
            return f"redis+socket://{login}{self.path}?virtual_host={self.database}"
        scheme = "sentinel" if self.master else "redis"
        hosts = (f"[{host}]" if ":" in host else host for host, _ in self.hosts)
        pairs = zip(hosts, (port for _, port in self.hosts), strict=True)
        return ";".join(f"{scheme}://{login}{host}:{port}/{self.database}" for host, port in pairs)


def parse_address(url: str) -> RedisAddress:
    """Reads a ``REDIS_URL``.

    Raises:
        FieldError: it is no address, or of something that is not supported.
    """
    parts = urlsplit(url)
    if "cluster" in parts.scheme:
        message = "a Redis Cluster is not supported: the keys of one script lie in several slots"
        raise FieldError(FIELD, message, allowed=", ".join(SCHEMES), code="setting")
    if parts.scheme in OTHER_SPELLINGS:
        message = f"{parts.scheme}:// is Celery's spelling"
        raise FieldError(FIELD, message, allowed=OTHER_SPELLINGS[parts.scheme], code="setting")
    if parts.scheme not in SCHEMES:
        message = f"{parts.scheme or url!r} is no kind of address"
        raise FieldError(FIELD, message, allowed=", ".join(SCHEMES), code="setting")
    options = _options(parts)
    login, _, netloc = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    shared: dict[str, Any] = {
        "username": unquote(username) or None,
        "password": unquote(password) or None,
        "tls": _tls(options) if parts.scheme.startswith("rediss") else None,
    }
    if parts.scheme == "unix":
        database = _database(options.get("db", "0"))
        if netloc or not parts.path:
            raise _refusal(f"{parts.path!r} is no path of a socket", "unix:///path/to/socket")
        return RedisAddress(path=unquote(parts.path), database=database, **shared)
    segments = [unquote(segment) for segment in parts.path.split("/")[1:] if segment]
    if parts.scheme.endswith("sentinel"):
        if not segments:
            raise _refusal("no master is named", OTHER_SPELLINGS["sentinel"])
        hosts = tuple(_host(host, SENTINEL_PORT) for host in netloc.split(","))
        sentinel_login = {name.partition("_")[2]: options[name] for name in SENTINEL_OPTIONS
                          if name in options}  # fmt: skip
        return RedisAddress(
            hosts=hosts,
            master=segments[0],
            database=_database(*segments[1:2]),
            sentinel_login=sentinel_login,
            **shared,
        )
    database = _database(*segments[:1]) if segments else _database(options.get("db", "0"))
    return RedisAddress(hosts=(_host(netloc, REDIS_PORT),), database=database, **shared)


def _options(parts: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(parts.query))
    known: tuple[str, ...] = ("db",)
    known += TLS_OPTIONS if parts.scheme.startswith("rediss") else ()
    known += SENTINEL_OPTIONS if parts.scheme.endswith("sentinel") else ()
    if unknown := sorted(set(options) - set(known)):
        raise _refusal(f"no option {', '.join(unknown)}", ", ".join(known))
    return options


def _tls(options: dict[str, str]) -> dict[str, Any]:
    """Certificates are verified unless the address says otherwise."""
    verification = options.get("ssl_cert_reqs", "required")
    if verification not in VERIFICATIONS:
        raise _refusal(f"ssl_cert_reqs={verification}", ", ".join(VERIFICATIONS))
    check = options.get("ssl_check_hostname", "true" if verification != "none" else "false")
    if check not in ("true", "false"):
        raise _refusal(f"ssl_check_hostname={check}", "true, false")
    files: dict[str, Any] = {name: options[name] for name in TLS_OPTIONS[1:4] if name in options}
    return {
        "ssl_cert_reqs": VERIFICATIONS[verification],
        "ssl_check_hostname": check == "true",
        **files,
    }


def _host(text: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port or default_port
    except ValueError as error:
        raise _refusal(f"{text!r} is no host", "host:port") from error
    if not host:
        return "127.0.0.1", port
    return host, port


def _database(text: str = "0") -> int:
    if not text.isdecimal():
        raise _refusal(f"{text!r} is no number of a database", "0 to 15")
    return int(text)


def _refusal(message: str, allowed: str) -> FieldError:
    return FieldError(FIELD, f"{FIELD}: {message}", allowed=allowed, code="setting")
