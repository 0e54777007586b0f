"""What the installation decides, from the environment (``QIAO_…``) or `instance/qiao.env`.

What a client decides lives in the client's site (`instance/sites/<slug>/site.toml`).
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

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
    #: The largest upload accepted, in bytes.
    max_upload_bytes: int = 200 * 1024 * 1024


@lru_cache
def settings() -> Settings:
    """The installation's settings, read once per process."""
    return Settings()
