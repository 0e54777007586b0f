"""One accent colour made into the colours of both themes, each readable on its ground (WCAG contrast 4.5)."""

from __future__ import annotations

import re

Colour = tuple[int, int, int]

DEFAULT_ACCENT: Colour = (27, 110, 194)
ENOUGH = 4.6
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
#: The darkest ground of the light theme and the lightest of the dark one that accent text stands on.
LIGHT_GROUND: Colour = (226, 236, 246)
DARK_GROUND: Colour = (36, 48, 66)


def brand_css(accent: str) -> str:
    """The style sheet of an accent colour like ``#1b6ec2``; of the product's own when it cannot be read."""
    colour = parse(accent) or DEFAULT_ACCENT
    on = WHITE if contrast(colour, WHITE) >= contrast(colour, BLACK) else BLACK
    button = towards(colour, BLACK if on == WHITE else WHITE, on)
    light = towards(colour, BLACK, LIGHT_GROUND)
    dark = towards(colour, WHITE, DARK_GROUND)
    red, green, blue = button
    return (
        ":root,[data-bs-theme=light],[data-bs-theme=dark]{"
        f"--tblr-primary:{spell(button)};--tblr-primary-rgb:{red},{green},{blue};--tblr-primary-fg:{spell(on)};"
        f"--app-accent-text:light-dark({spell(light)},{spell(dark)});"
        "--tblr-link-color:var(--app-accent-text);--tblr-link-hover-color:var(--app-accent-text)}\n"
    )


def parse(text: str) -> Colour | None:
    """(red, green, blue) of ``#rrggbb``; None for anything else."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        return None
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def spell(colour: Colour) -> str:
    """``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def luminance(colour: Colour) -> float:
    """Relative luminance, 0 (black) – 1 (white), as WCAG 2.1 defines it."""
    parts = [value / 255 for value in colour]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: Colour, second: Colour) -> float:
    """The contrast ratio of two colours, 1 – 21."""
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def towards(colour: Colour, end: Colour, ground: Colour) -> Colour:
    """`colour` mixed with `end` in steps until it reads on `ground`."""
    for step in range(21):
        mixed = _mix(colour, end, step / 20)
        if contrast(mixed, ground) >= ENOUGH:
            return mixed
    return end


def _mix(colour: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, end, strict=True))
    return red, green, blue
