"""Writes vectors.json: what Google's library, in the Python port `phonenumbers`, makes of every region's numbers.

The server reads numbers with another port of it. `--check` compares the file in place of writing it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

VECTORS = Path(__file__).with_name("vectors.json")
# The plans change every two weeks: file, server and oracle are of one version.
METADATA = "9.0.42"
SENDABLE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
KINDS = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
# Digits that are changed in each example, to get numbers that nobody thought of.
CHANGES = ((1, 7), (2, 1))


def expect(text: str, region: str | None) -> str | None:
    """The digits of a mobile or fixed line's number, or nothing."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in SENDABLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+")


def written(number: phonenumbers.PhoneNumber, region: str) -> Iterator[tuple[str, str | None]]:
    """The forms in which people write a number; of one that nothing is sent to, one is enough."""
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    yield e164, None
    if expect(e164, None) is None:
        return
    yield phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL), region
    yield phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL), region
    yield phonenumbers.national_significant_number(number), region
    yield e164.removeprefix("+"), region


def numbers(region: str) -> Iterator[phonenumbers.PhoneNumber]:
    """An example of each kind, and some numbers like it."""
    for kind in KINDS:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None:
            continue
        yield example
        digits = phonenumbers.national_significant_number(example)
        for position, digit in CHANGES:
            changed = digits[:position] + str(digit) + digits[position + 1 :]
            yield phonenumbers.parse(f"+{example.country_code}{changed}", None)


def vectors() -> Iterator[list[str | None]]:
    seen = set()
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for number in numbers(region):
            for text, home in written(number, region):
                if (text, home) not in seen:
                    seen.add((text, home))
                    yield [text, home, expect(text, home)]


def main() -> int:
    if phonenumbers.__version__ != METADATA:
        print(f"phonenumbers {METADATA} is needed, this is {phonenumbers.__version__}")
        return 1
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in vectors())
    text = f"[\n{rows}\n]\n"
    if "--check" not in sys.argv:
        VECTORS.write_text(text)
        return 0
    if VECTORS.read_text() == text:
        return 0
    print(f"not what the oracle says, {Path(__file__).name} writes it: {VECTORS.name}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
