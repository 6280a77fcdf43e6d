"""Names are compared as the national identity rules do."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.people.names import comparable, fold, same_family_name, same_first_name, words

NAMES = st.text(st.characters(categories=("L",), max_codepoint=0x24F), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("written", "letters"),
    [
        ("LEBŒUF", "leboeuf"),
        ("Lætitia", "laetitia"),
        ("Łukasiewicz", "lukasiewicz"),
        ("SØRENSEN", "sorensen"),
        ("Strauß", "strauss"),
        ("STRAUẞ", "strauss"),
        ("Đorđević", "dordevic"),
        ("Yıldız", "yildiz"),
        ("İNÖNÜ", "inonu"),
        ("Þórðardóttir", "thordardottir"),
        ("Ħal", "hal"),
        ("Éléonore", "eleonore"),
        ("E\u0301le\u0301onore", "eleonore"),
        ("LEFÈVRE-MÛRIER", "lefevremurier"),
        ("Lefevre Murier", "lefevremurier"),
        ("L’HÉRITIER", "lheritier"),
        ("L'Heritier", "lheritier"),
        ("Lʼheritier", "lheritier"),
        ("DE LA TOUR", "delatour"),
        ("ＭＡＲＴＩＮ", "martin"),
        ("  ", ""),
        ("INCONNU", ""),
        ("Unknown unknown", ""),
    ],
)
def test_a_name_is_its_letters(written: str, letters: str) -> None:
    assert fold(written) == letters


@pytest.mark.parametrize("hyphen", "-‐‑‒–—−")
def test_every_hyphen_parts_words(hyphen: str) -> None:
    assert words(f"Jean{hyphen}Pierre") == ("jean", "pierre")


@pytest.mark.parametrize("apostrophe", "'’‘ʼ`´′ʻ")
def test_no_apostrophe_parts_words(apostrophe: str) -> None:
    assert words(f"D{apostrophe}Artagnan") == ("dartagnan",)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("DURAND", "Durand", True),
        ("DURAND", "PETIT", False),
        ("D'ARTAGNAN", "D ARTAGNAN", True),
        ("DELATOUR", "DE LA TOUR", True),
        ("DURAND-MARTIN", "DURAND", True),  # the birth name and the spouse's
        ("MARTIN DURAND", "DURAND", True),
        ("MARTIN NÉE DURAND", "DURAND", True),
        ("DURAND ép. MARTIN", "DURAND", True),
        ("LE GOFF", "LE", False),
        ("DE SMET", "DE LA TOUR", False),
        ("VAN DEN BERG", "VAN DEN BOSCH", False),
        ("MARTINEZ", "MARTIN", False),
        ("DURAND-MARTIN", "PETIT-MARTIN", False),
    ],
)
def test_family_names(one: str, other: str, same: bool) -> None:
    assert same_family_name(one, other) is same
    assert same_family_name(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Jeanne", "JEANNE MARIE LOUISE", True),
        ("Jean-Pierre", "JEAN PIERRE PAUL", True),
        ("JeanPierre", "Jean-Pierre", True),
        ("Jean-Pierre", "Jean-Paul", False),
        ("Marie", "Marine", False),
        ("Louise", "Jeanne Louise", False),  # the second birth name is not the first
    ],
)
def test_first_names(one: str, other: str, same: bool) -> None:
    assert same_first_name(one, other) is same
    assert same_first_name(other, one) is same


@pytest.mark.parametrize(("one", "other"), [("", "DURAND"), ("INCONNUE", "DURAND"), ("山田", "DURAND")])
def test_a_name_that_is_not_there_or_in_another_script_cannot_differ(one: str, other: str) -> None:
    assert not comparable(one, other)
    assert comparable("王", "李")


@given(NAMES)
def test_folding_twice_is_folding_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@given(NAMES)
def test_case_composition_and_width_make_no_difference(name: str) -> None:
    written = {name, name.lower(), name.casefold()} | {
        unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")
    }
    assert len({fold(each) for each in written}) == 1


@given(NAMES)
def test_latin_names_fold_to_basic_letters(name: str) -> None:
    assert all(
        letter.isascii() or not unicodedata.name(letter).startswith("LATIN CAPITAL") for letter in fold(name)
    )


@given(
    st.lists(st.text("abcdéï", min_size=2, max_size=8), min_size=1, max_size=4), st.sampled_from("-‐–— '’")
)
def test_how_words_are_joined_makes_no_difference(parts: list[str], sign: str) -> None:
    assert fold(sign.join(parts)) == fold("".join(parts))
    assert same_family_name(sign.join(parts), "-".join(parts))


@given(st.text(), st.text())
def test_no_text_stops_the_comparison(one: str, other: str) -> None:
    assert same_family_name(one, other) is same_family_name(other, one)
    assert same_first_name(one, other) is same_first_name(other, one)
    assert comparable(one, other) is comparable(other, one)
