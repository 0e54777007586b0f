"""What the installation decides, from the environment (``QIAO_…``) or `instance/qiao.env`.

What a client decides lives in the client's site (`instance/sites/<slug>/site.toml`).
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from pydantic import model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent


class Settings(BaseSettings):
    """One installation's settings; every name can be given as ``QIAO_<NAME>``."""

    model_config = SettingsConfigDict(
        env_prefix="QIAO_",
        env_file=str(Path(os.environ.get("QIAO_INSTANCE", ROOT / "instance")) / "qiao.env"),
        extra="ignore",
    )

    #: Sites, secrets, uploads, the embedded Valkey's files.
    instance: Path = ROOT / "instance"
    #: Folder of modules that are not pip packages.
    plugins: Path = ROOT / "plugins"
    host: str = "127.0.0.1"
    port: int = 8080
    web_workers: int = 1
    #: An outside Redis or Valkey; none means the embedded one.
    redis_url: str | None = None
    #: Slugs of the modules this installation allows; empty means every module found.
    modules: tuple[str, ...] = ()
    #: The site answered when no host name matches; empty refuses unknown host names.
    default_site: str = "demo"
    #: Cookies only over TLS, HSTS on.
    production: bool = False
    #: Proxies before the web server: their word on address and scheme is believed, nobody else's.
    proxies: int = 0
    log_level: str = "INFO"
    #: What the hash of a password costs (argon2id): passes, KiB of memory, threads. RFC 9106, second choice.
    password_passes: int = 3
    password_memory_kib: int = 64 * 1024
    password_threads: int = 4
    #: The largest upload accepted, in bytes.
    max_upload_bytes: int = 200 * 1024 * 1024

    @model_validator(mode="after")
    def _strong_in_production(self) -> Settings:
        """Raises `ValueError` for hashes in production that cost less than OWASP's least (2 passes, 19 MiB)."""
        if self.production and (self.password_passes < 2 or self.password_memory_kib < 19 * 1024):
            raise ValueError("QIAO_PASSWORD_PASSES must be at least 2 and QIAO_PASSWORD_MEMORY_KIB at least 19456")
        return self


@lru_cache
def settings() -> Settings:
    """The installation's settings, read once per process."""
    return Settings()
