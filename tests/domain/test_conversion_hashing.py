"""Customer information is hashed as Meta documents it, digit for digit."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.conversions.hashing import HASHED, Unusable, hashed

DOCUMENTED = {
    ("em", "John_Smith@gmail.com"): (
        "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
    ),
    ("ph", "16505551212"): "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176",
    ("fn", "Mary"): "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec",
    ("fn", "정"): "8fa8cd9c440be61d0151429310034083132b35975c4bea67fdd74158eb51db14",
    ("ln", "Valéry"): "08e1996b5dd49e62a4b4c010d44e4345592a863bb9f8e3976219bac29417149c",
    ("db", "19970216"): "01acdbf6ec7b4f478a225f1a246e5d6767eeab1a7ffa17f025265b5b94f40f0c",
    ("country", "US"): "79adb2a2fce5c6ba215fe5f27f532d4e7edbac4b6a5e09e1ef3a08084a904621",
}
"""Meta, "Customer Information Parameters": the values its examples end in."""


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(("given_as", "documented"), DOCUMENTED.items())
def test_the_documented_examples_come_out_as_documented(given_as, documented):
    key, value = given_as
    assert hashed(key, value) == documented
    assert hashed(key, f"  {value}\t") == documented
    assert hashed(key, f"\ufeff\u202a {value}\u202c\u200b\n") == documented, "copied from a page"


US, GB, AU = hash_of("us"), hash_of("gb"), hash_of("au")


@pytest.mark.parametrize(
    ("key", "value", "normal", "countries"),
    [
        ("em", "  Jo.Mills+shop@Gmail.com ", "jo.mills+shop@gmail.com", ()),
        ("ph", "+1 (650) 555-1212", "16505551212", ()),
        ("ph", "\u202a+1 (650) 555-1212\u202c", "16505551212", ()),
        ("ph", "1 (650) 555-1212", "16505551212", ()),
        ("ph", "1-650-555-1212", "16505551212", ()),
        ("ph", "1.650.555.1212", "16505551212", ()),
        ("ph", "1 650 5551212", "16505551212", ()),
        ("ph", "1(650)5551212", "16505551212", ()),
        ("ph", "1 (650) 555-1212 work", "16505551212", ()),
        ("ph", "+49 (0)30/123456", "4930123456", ()),
        ("ph", "0061 412 345 678", "61412345678", ()),
        ("ph", "+44 (0)20 7946 0000", "442079460000", ()),
        ("ph", "+61-412-345-678 mobile", "61412345678", ()),
        ("fn", "  Jean-Pierre ", "jeanpierre", ()),
        ("fn", "Mary  Ann", "mary ann", ()),
        ("ln", "O\u2019Neil", "oneil", ()),
        ("ln", "O`Neil", "oneil", ()),
        ("ln", "Vale\u0301ry", "valéry", ()),
        ("db", "1997-02-16", "19970216", ()),
        ("db", "1997/02/16", "19970216", ()),
        ("ge", "F", "f", ()),
        ("ge", "male", "m", ()),
        ("ct", "New York", "newyork", ()),
        ("ct", "St. John's", "stjohns", ()),
        ("st", "California", "ca", (US,)),
        ("st", "New York", "ny", ()),
        ("st", "CA", "ca", (US,)),
        ("st", "New South Wales", "newsouthwales", (AU,)),
        ("st", "Washington", "washington", (AU,)),
        ("zp", "94103-1234", "94103", (US,)),
        ("zp", "941031234", "94103", (US,)),
        ("zp", "94103-1234", "94103", ()),
        ("zp", "94103-1234", "941031234", (AU,)),
        ("zp", "2000", "2000", (AU,)),
        ("zp", "M1 1AE", "m11", (GB,)),
        ("zp", "SW1A 1AA", "sw1a1", ()),
        ("zp", "K1A 0B1", "k1a0b1", ()),
        ("zp", "01310-100", "01310100", ()),
        ("country", " au ", "au", ()),
    ],
)
def test_a_value_is_normalised_before_it_is_hashed(key, value, normal, countries):
    assert hashed(key, value, countries) == hash_of(normal)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("em", "jo"),
        ("em", "jo@x.test, sam@x.test"),
        ("em", ""),
        ("ph", "(650)555-1212"),  # which country?
        ("ph", "0412 345 678"),
        ("ph", "1(650) 5551212 work 2"),
        ("ph", "138-1234-5678"),  # of China, without its code
        ("ph", "1-138-123-4567"),  # no area begins with 1
        ("ph", "1-650-055-1212"),
        ("ph", "1-650-555-121"),
        ("ph", "1-650-555-12123"),
        ("ph", "44 20 7946 0000"),  # of Denmark, it goes on
        ("ph", "650-555-1212"),
        ("ph", "+1 650-555-1212 ext 5"),
        ("ph", "+1 650-555-1212 ext. 5"),
        ("ph", "+16505551212x5"),
        ("ph", "+1 650-555-1212 #5"),
        ("ph", "+16505551212;ext=5"),
        ("ph", "+16505551212,,5"),
        ("ph", "1-650-555-1212 ext 5"),
        ("ph", "16505551212 x5"),
        ("ph", "0061 412 345 678 доб. 5"),
        ("ph", "0412345678"),
        ("ph", "+12345"),
        ("ph", "+1234567890123456"),
        ("fn", "..."),
        ("ln", ""),
        ("db", "16/02/1997"),
        ("db", "19970230"),
        ("db", "18991231"),
        ("db", "١٩٩٧٠٢١٦"),
        ("ge", "x"),
        ("ct", "!"),
        ("zp", "A_1"),
        ("zp", "-"),
        ("country", "Australia"),
        ("country", "uk"),
    ],
)
def test_what_identifies_nobody_is_refused_without_repeating_it(key, value):
    with pytest.raises(Unusable) as refused:
        hashed(key, value)
    assert not value or value not in str(refused.value)


def test_an_extension_is_named_as_what_is_wrong():
    with pytest.raises(Unusable, match="without an extension"):
        hashed("ph", "+1 650-555-1212 ext 5")
    with pytest.raises(Unusable, match="its country code"):
        hashed("ph", "650-555-1212")


@given(st.sampled_from(sorted(HASHED)), st.binary(min_size=32, max_size=32))
def test_a_hash_is_taken_for_one_in_either_case(key, digest):
    assert hashed(key, digest.hex().upper()) == hashed(key, f" {digest.hex()} ") == digest.hex()


@given(st.sampled_from(sorted(HASHED)), st.text(max_size=40))
def test_any_text_is_hashed_or_refused_and_hashing_again_changes_nothing(key, value):
    try:
        once = hashed(key, value)
    except Unusable:
        return
    assert len(once) == 64
    assert hashed(key, once) == once
