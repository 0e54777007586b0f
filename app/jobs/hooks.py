"""What the room brings to every site."""

from __future__ import annotations
