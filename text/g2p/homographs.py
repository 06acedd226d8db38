"""Words of one spelling and several sounds, told apart by the words around them.

For each such word a rule looks at its neighbours and names a sense; here stand its phonemes.
Nouns and verbs of one spelling (record, present, use) share a rule; where it cannot decide, the
part-of-speech tagger does. How often the rules are right is measured in ``benchmarks/text``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache


@lru_cache(maxsize=256)
def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BE = _listed(
    """be am is are was were been being isn't wasn't weren't aren't 'm 're it's that's he's she's"""
)
_HAVE = _listed(
    """have has had having haven't hasn't hadn't i've you've we've they've he'd she'd i'd you'd
    we'd they'd who'd"""
)
_MODALS = _listed(
    """to will would shall should can could may might must do does did cannot can't won't wouldn't
    shouldn't couldn't don't doesn't didn't i'll you'll he'll she'll we'll they'll it'll let
    lets let's please help ought canst can'st shalt wilt dost didst needn't dare mustn't shan't"""
)
_SUBJECTS = _listed("i you we they who")
_THIRD = _listed("he she it")
_ARTICLES = _listed(
    """the a an this that these those my your his her its our their no any some each every another
    whose both all what which such"""
)
_PREPOSITIONS = _listed(
    """of in on for with by from at into upon about under over through during after before without
    within"""
)
_ADVERBS = _listed(
    """not never always often also only just ever still even really usually sometimes already
    seldom rarely probably now then soon once certainly simply merely scarcely hardly actually
    recently lately first quickly slowly carefully"""
)
_PRONOUNS = _listed("it him her them me us you this that these those")
_PAST = _listed(
    """was were had did said took went came saw made gave got found thought knew felt left kept
    told began sat stood lay held brought wrote heard fell ran looked asked turned seemed became
    could would yesterday ago last"""
)
_ATTRIBUTIVE_ENDS = _listed(
    "a an the my your his her its our their this that these those some any no"
)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The words of a sentence, seen from one of them.

    Attributes:
        words: lower case, without punctuation.
        at: index of the word.
        capital: whether it is written with a capital.
    """

    words: Sequence[str]
    at: int
    capital: bool

    def before(self, distance: int = 1) -> str:
        """Returns the word so many before, or an empty string."""
        return self.words[self.at - distance] if self.at >= distance else ""

    def after(self, distance: int = 1) -> str:
        """Returns the word so many after, or an empty string."""
        place = self.at + distance
        return self.words[place] if place < len(self.words) else ""

    def verb_before(self) -> str:
        """Returns the nearest word before that is no adverb."""
        for distance in range(1, 4):
            if self.before(distance) not in _ADVERBS:
                return self.before(distance)
        return ""

    def near(self, words: frozenset[str], distance: int = 12) -> bool:
        """Returns whether one of some words stands within a distance."""
        start = max(0, self.at - distance)
        return not words.isdisjoint(self.words[start : self.at + distance + 1])


Rule = Callable[[Neighbours], str]
"""Names a sense, or returns an empty string where it cannot tell."""


def noun_or_verb(near: Neighbours) -> str:
    """Tells a verb from its noun (or adjective) by what stands before it."""
    before, after = near.verb_before(), near.after()
    if before in _MODALS:
        return "verb"
    if before in _SUBJECTS and near.before() != "that":
        return "verb"
    if before in _ARTICLES or before.endswith(("'s", "s'")):
        return "noun" if before not in ("that", "which", "all") else ""
    if before in _PREPOSITIONS:
        return "noun"
    if not before and (after in _ATTRIBUTIVE_ENDS or after in _PRONOUNS):
        return "verb"  # an imperative
    return ""


def _used(near: Neighbours) -> str:
    ahead = 2 if near.after() in _listed("not never often always sometimes generally") else 1
    if near.after(ahead) != "to":
        return "applied"
    following = near.after(ahead + 1)
    before = near.verb_before()
    if before in _BE or before in _HAVE:
        # "He was used to hunt" and "to hunting" are a habit, "it was used to hunt" is a purpose.
        if _is_noun_phrase(following) or following.endswith("ing") or before in _HAVE:
            return "habit"
        passive = before != "being" or near.before(2) != "not"
        return "applied" if passive and not _is_personal(near) else "habit"
    if following == "the" and near.after(ahead + 2) in _listed("full utmost best limit"):
        return "applied"
    return "applied" if before in _USED_THINGS else "habit"


_USED_THINGS = _listed(
    """method methods material materials tool tools process processes technique techniques system
    money funds software data"""
)


def _is_personal(near: Neighbours) -> bool:
    """Returns whether the subject before a word is a person, as far as a pronoun tells."""
    for distance in range(1, 8):
        word = near.before(distance)
        if word in _listed("i he she you we who i'm he's she's you're we're"):
            return True
        if word in _listed("it they which that this these those it's and"):
            return False
    return False


def _is_noun_phrase(word: str) -> bool:
    return (
        word in _ARTICLES
        or word in _PRONOUNS
        or word.endswith(("'s", "ness", "ment", "tion", "ings"))
        or word
        in _listed("deeper greater better higher lower larger longer harder worse less more")
        or word in _listed("such much people things life work women men and but or at in when")
        or not word
    )


def _read(near: Neighbours) -> str:
    if near.capital and near.at == 0:
        return "present"
    before = near.before()
    if before == "as" and near.before(2) in _listed("good kind"):
        return "present"
    if before in _listed("well newly widely first last"):
        return "past"
    if before in _ARTICLES:
        return "present"  # a good read
    if before in ("and", "or"):
        return _joined_verb(near)
    for distance in range(1, 5):
        word = near.before(distance)
        if word in _HAVE or word in _BE or word.endswith("'ve"):
            return "past"
        if word in _MODALS:
            return "present"
        if word in _THIRD and distance < 3:
            return "past"
        if word in _SUBJECTS and distance < 3:
            return _tense(near, "past" if word == "i" else "present")
        if word not in _ADVERBS and distance > 1:
            break
    return _tense(near, "present" if before.endswith("s") else "past")


def _tense(near: Neighbours, default: str) -> str:
    """Tells the tense of a sentence by its other verbs and its adverbs."""
    later = near.words[near.at + 1 : near.at + 8]
    if "now" in later:
        return "past" if "just" in later else "present"
    if near.near(_listed("cannot can't every daily usually whenever if always often don't do"), 8):
        return "present"
    return "past" if near.near(_PAST, 20) else default


def _joined_verb(near: Neighbours) -> str:
    """Tells the tense of "… and read" by the verb before it."""
    for distance in range(2, 12):
        word = near.before(distance)
        if word in _MODALS:
            return "present"
        if word in _listed("know are is am sit go come get take think like love"):
            return "present"
        if word in _PAST or word in _HAVE or word in _BE or word.endswith("ed"):
            return "past"
    return "present" if near.near(_MODALS) else "past"


def _live(near: Neighbours) -> str:
    before, after = near.before(), near.after()
    noun = bool(after) and after not in _NO_NOUNS and not after.endswith("ly")
    if (before in _ATTRIBUTIVE_ENDS and before != "that") or before in ("one", "two"):
        return "adjective" if noun else "verb"
    if (
        near.before(2) in _ATTRIBUTIVE_ENDS | {"one"}
        and noun
        and before not in _ADVERBS | _SUBJECTS
    ):
        return "adjective"
    if after in ("one", "ones"):
        return "adjective"
    if noun and (before in ("of", "with", "by", "for", "thy") or near.before(2) in _PREPOSITIONS):
        return "adjective" if before in _PREPOSITIONS | {"thy", "that", "this"} else "verb"
    if after in _LIVE_THINGS:
        return "adjective"
    if before in _listed(
        "go goes going went gone broadcast streamed streaming airs perform recorded"
    ):
        return "adjective"
    if before in _BE and after not in ("in", "with"):
        return "adjective"
    return "verb"


_NO_NOUNS = (
    _PREPOSITIONS
    | _ARTICLES
    | _PRONOUNS
    | _ADVERBS
    | _listed(
        """and or but to together abroad here there alone near as like if when while longer forever
    apart among upstairs downstairs off out up down so because is are was were next across
    outside inside within around along close far happily better"""
    )
)
_LIVE_THINGS = _listed(
    """coal coals wire wires oak oaks music show shows bait stock animal animals broadcast
    broadcasts audience performance performances concert concerts stream streams video
    television coverage album recording recordings ammunition rounds event events fish birds
    cattle embers shells chat updates"""
)


def _close(near: Neighbours) -> str:
    before, after = near.before(), near.after()
    if before == "of" and near.before(2) in ("sort", "kind"):
        return "verb"
    ended = _listed("of and in with when as at on he she the to") | {""}
    if before in ("a", "the", "its", "this") and after in ended:
        return "verb"  # the end: the close of day, drew to a close
    if after in _CLOSE_THINGS:
        return "adjective"
    owned = _listed("the his her its their my your our")
    if after in owned and before not in _listed("so too as how very"):
        return "verb"
    if before in _listed("so very too how as quite pretty that kept keep keeping"):
        return "adjective"
    nearest = near.verb_before()
    if nearest in _MODALS and after not in ("to", "by", "beside", "behind"):
        return "verb"
    if nearest in _SUBJECTS and after in _ARTICLES | _PRONOUNS | _listed("down up"):
        return "verb"
    if before in ("and", "or", "") and after in _ARTICLES | _PRONOUNS | _listed("up down"):
        return "verb"
    if before in _listed(
        "eyes doors shops gates lips windows shutters curtains days stores markets"
    ):
        return "verb" if after not in ("to", "by", "together") else "adjective"
    return "adjective"


_CLOSE_THINGS = _listed(
    """quarters proximity range friend friends attention contact relationship relative relatives
    neighbour neighbors neighbours ties watch resemblance connection connexion companion
    together enough beside behind upon against under inspection examination combat observation
    at observers readers reading up by"""
)


def _lead(near: Neighbours) -> str:
    before, after = near.before(), near.after()
    if after in _LEADEN or before in _listed("molten melted white sheet sounding leaden tin pig"):
        return "metal"
    if before == "to" and near.before(2) in _listed("turned turn turns turning changed"):
        return "metal"
    if before in ("of", "with", "like") and after not in _listed("singer guitarist actor role to"):
        return "metal"
    if near.near(
        _listed(
            """copper zinc tin iron bullets pencil mercury toxic ore ores ounces pound roofs roof"""
        ),
        5,
    ):
        return "metal" if noun_or_verb(near) != "verb" else "first"
    if before in _listed("heavy as") and near.near(
        _listed("heavy dull grey gray cold sank sink"), 4
    ):
        return "metal"
    return "first"


_LEADEN = _listed(
    """line lines coloured colored mine pipe pipes pencil pencils poisoning paint bullet bullets
    shot ore mine mines coffin foil weight weights sinker glass acid oxide balls plate plates
    levels"""
)


def _tear(near: Neighbours) -> str:
    kind = noun_or_verb(near)
    before, after = near.before(), near.after()
    if kind == "verb" or (before == "and" and near.before(2) == "wear"):
        return "rip"
    if after in _listed("gas drop drops stained filled jerker"):
        return "drop"
    if after in _listed("down up apart off out away open it him them themselves himself the at"):
        return "rip"
    if after == "in" and near.after(2) in _ARTICLES and near.after(3) not in ("eye", "eyes"):
        return "rip"
    return "drop"


def _tears(near: Neighbours) -> str:
    if near.before() in _THIRD | _listed("who which that") or near.after() in _listed(
        "down up apart off out away open it him them"
    ):
        return "rip"
    return "drop"


def _bow(near: Neighbours) -> str:
    if near.near(
        _listed("arrow arrows string violin fiddle archer archery cello quiver ribbon knot hair")
    ):
        return "weapon"
    if near.after() in _listed("tie ties legged window windows string"):
        return "weapon"
    return "bend"


_FISHING = _listed(
    """caught catch fish fishing fished lake river sea striped largemouth smallmouth grilled hooked
bait trout salmon perch pond boat fried ate eat cod"""
)


def _bass(near: Neighbours) -> str:
    return "fish" if near.near(_FISHING) else "sound"


def _minute(near: Neighbours) -> str:
    if near.before() in _listed("so very most more extremely"):
        return "small"
    if near.after() in _MINUTE_THINGS:
        return "small"
    return "time"


_MINUTE_THINGS = _listed(
    """detail details particle particles amount amounts quantity quantities difference differences
    examination description descriptions inspection attention portion portions fraction
    fractions creature creatures trace traces inquiries particulars observation study scrutiny
    variations organisms hole holes specks animals insects plants grains crystals fragments
    account directions"""
)


def _dove(near: Neighbours) -> str:
    ways = _listed(
        """into in under down for from off through deep headfirst headlong behind straight back"""
    )
    subject = near.before() in _SUBJECTS | _THIRD or near.before() not in _ARTICLES | _PREPOSITIONS
    return "dived" if near.after() in ways and subject and near.before() else "bird"


def _polish(near: Neighbours) -> str:
    imperative = near.at == 0 and near.after() in _ATTRIBUTIVE_ENDS | _PRONOUNS
    return "nation" if near.capital and not imperative else "shine"


def _wound(near: Neighbours) -> str:
    ways = _listed("up around round down through its along about into itself his her the tightly")
    if near.after() in ways and near.before() not in _ARTICLES | _MODALS:
        return "turned"
    return "hurt"


def _wind(near: Neighbours) -> str:
    ways = _listed("up down round around through its along the your his her it between")
    if near.verb_before() in _MODALS | _SUBJECTS and near.after() in ways:
        return "turn"
    return "air"


def _content(near: Neighbours) -> str:
    before = near.verb_before()
    if before in _BE | _listed(
        """feel felt feels seem seemed seems remain remained quite perfectly well very so more rest
    rested heart's hearts' looked look live lived"""
    ):
        return "pleased"
    if near.after() in _listed("with to himself herself themselves myself ourselves yourself"):
        return "pleased" if before not in _ARTICLES else "inside"
    return "pleased" if before in _MODALS else "inside"


def _blessed(near: Neighbours) -> str:
    attributive = near.before() in _ATTRIBUTIVE_ENDS and near.after() not in _PREPOSITIONS | {""}
    return (
        "holy"
        if attributive or near.after() in _listed("are is be virgin mother lord")
        else "given"
    )


def _reading(near: Neighbours) -> str:
    place = (
        near.capital and near.at > 0 and near.before() in _listed("in at to from near of through")
    )
    return (
        "place"
        if place or (near.capital and near.after() in ("england", "pennsylvania", "berkshire"))
        else "book"
    )


_TOOLS = _listed(
    """wood chop chopped swords spears knives hatchets sharp sharpened picks saws forest trees"""
)


def _axes(near: Neighbours) -> str:
    return "tools" if near.near(_TOOLS) else "lines"


def _vie(near: Neighbours) -> str:
    return "life" if near.before() in ("la", "de", "ma", "ta", "sa", "une") else "compete"


def _ave(near: Neighbours) -> str:
    return "street" if near.capital and near.before() and near.after() != "maria" else "hail"


def _aged(near: Neighbours) -> str:
    old = near.before() in _ATTRIBUTIVE_ENDS or near.after() in _listed(
        "man woman men parents mother father"
    )
    return "old" if old and not near.after().isdigit() else "years"


def _lives(near: Neighbours) -> str:
    before = near.verb_before()
    if before in _ARTICLES - {"that", "which"} or before in _PREPOSITIONS:
        return "plural"
    if before in _listed(
        "two three many several lost save saved thousands human nine past our"
    ) or before.endswith("'"):
        return "plural"
    if before in _THIRD or before in _listed("who that which one she nobody everyone everybody"):
        return "verb"
    return "verb" if near.after() in _listed("in at on with by near alone here there") else "plural"


_RULES: Mapping[str, tuple[Rule, Mapping[str, str]]] = {
    "used": (_used, {"habit": "j ˈu s t", "applied": "j ˈu z d"}),
    "read": (_read, {"past": "ɹ ˈɛ d", "present": "ɹ ˈi d"}),
    "live": (_live, {"adjective": "l ˈaɪ v", "verb": "l ˈɪ v"}),
    "lives": (_lives, {"plural": "l ˈaɪ v z", "verb": "l ˈɪ v z"}),
    "close": (_close, {"adjective": "k l ˈoʊ s", "verb": "k l ˈoʊ z"}),
    "lead": (_lead, {"metal": "l ˈɛ d", "first": "l ˈi d"}),
    "tear": (_tear, {"rip": "t ˈɛ ɹ", "drop": "t ˈɪ ɹ"}),
    "tears": (_tears, {"rip": "t ˈɛ ɹ z", "drop": "t ˈɪ ɹ z"}),
    "bow": (_bow, {"weapon": "b ˈoʊ", "bend": "b ˈaʊ"}),
    "bass": (_bass, {"fish": "b ˈæ s", "sound": "b ˈeɪ s"}),
    "minute": (_minute, {"small": "m aɪ n ˈu t", "time": "m ˈɪ n ɪ t"}),
    "dove": (_dove, {"dived": "d ˈoʊ v", "bird": "d ˈʌ v"}),
    "polish": (_polish, {"nation": "p ˈoʊ l ɪ ʃ", "shine": "p ˈɑ l ɪ ʃ"}),
    "wound": (_wound, {"turned": "w ˈaʊ n d", "hurt": "w ˈu n d"}),
    "wind": (_wind, {"turn": "w ˈaɪ n d", "air": "w ˈɪ n d"}),
    "content": (_content, {"pleased": "k ə n t ˈɛ n t", "inside": "k ˈɑ n t ɛ n t"}),
    "blessed": (_blessed, {"holy": "b l ˈɛ s ɪ d", "given": "b l ˈɛ s t"}),
    "reading": (_reading, {"place": "ɹ ˈɛ d ɪ ŋ", "book": "ɹ ˈi d ɪ ŋ"}),
    "axes": (_axes, {"tools": "ˈæ k s ɪ z", "lines": "ˈæ k s i z"}),
    "vie": (_vie, {"life": "v ˈi", "compete": "v ˈaɪ"}),
    "ave": (_ave, {"street": "ˈæ v ə n ˌu", "hail": "ˈɑ v ˌeɪ"}),
    "aged": (_aged, {"old": "ˈeɪ d͡ʒ ɪ d", "years": "ˈeɪ d͡ʒ d"}),
}
_PAIRS: Mapping[str, tuple[str, str]] = {
    "use": ("j ˈu s", "j ˈu z"),
    "uses": ("j ˈu s ɪ z", "j ˈu z ɪ z"),
    "record": ("ɹ ˈɛ k ɚ d", "ɹ ɪ k ˈɔ ɹ d"),
    "records": ("ɹ ˈɛ k ɚ d z", "ɹ ɪ k ˈɔ ɹ d z"),
    "object": ("ˈɑ b d͡ʒ ɛ k t", "ə b d͡ʒ ˈɛ k t"),
    "objects": ("ˈɑ b d͡ʒ ɛ k t s", "ə b d͡ʒ ˈɛ k t s"),
    "converse": ("k ˈɑ n v ɚ s", "k ə n v ˈɚ s"),
    "refuse": ("ɹ ˈɛ f j u s", "ɹ ɪ f j ˈu z"),
    "house": ("h ˈaʊ s", "h ˈaʊ z"),
    "excuse": ("ɪ k s k j ˈu s", "ɪ k s k j ˈu z"),
    "abuse": ("ə b j ˈu s", "ə b j ˈu z"),
    "produce": ("p ɹ ˈoʊ d u s", "p ɹ ə d ˈu s"),
    "project": ("p ɹ ˈɑ d͡ʒ ɛ k t", "p ɹ ə d͡ʒ ˈɛ k t"),
    "desert": ("d ˈɛ z ɚ t", "d ɪ z ˈɚ t"),
    "conduct": ("k ˈɑ n d ʌ k t", "k ə n d ˈʌ k t"),
    "contract": ("k ˈɑ n t ɹ æ k t", "k ə n t ɹ ˈæ k t"),
    "permit": ("p ˈɚ m ɪ t", "p ɚ m ˈɪ t"),
    "rebel": ("ɹ ˈɛ b ə l", "ɹ ɪ b ˈɛ l"),
    "subject": ("s ˈʌ b d͡ʒ ɪ k t", "s ə b d͡ʒ ˈɛ k t"),
    "suspect": ("s ˈʌ s p ɛ k t", "s ə s p ˈɛ k t"),
    "progress": ("p ɹ ˈɑ ɡ ɹ ɛ s", "p ɹ ə ɡ ɹ ˈɛ s"),
    "protest": ("p ɹ ˈoʊ t ɛ s t", "p ɹ ə t ˈɛ s t"),
    "insult": ("ˈɪ n s ʌ l t", "ɪ n s ˈʌ l t"),
    "increase": ("ˈɪ n k ɹ i s", "ɪ n k ɹ ˈi s"),
    "decrease": ("d ˈi k ɹ i s", "d ɪ k ɹ ˈi s"),
    "import": ("ˈɪ m p ɔ ɹ t", "ɪ m p ˈɔ ɹ t"),
    "export": ("ˈɛ k s p ɔ ɹ t", "ɪ k s p ˈɔ ɹ t"),
    "conflict": ("k ˈɑ n f l ɪ k t", "k ə n f l ˈɪ k t"),
    "contest": ("k ˈɑ n t ɛ s t", "k ə n t ˈɛ s t"),
    "convict": ("k ˈɑ n v ɪ k t", "k ə n v ˈɪ k t"),
    "present": ("p ɹ ˈɛ z ə n t", "p ɹ ɪ z ˈɛ n t"),
    "presents": ("p ɹ ˈɛ z ə n t s", "p ɹ ɪ z ˈɛ n t s"),
}
"""Noun (or adjective) and verb."""

HOMOGRAPHS = frozenset((*_RULES, *_PAIRS))
"""Lower-case words that have a rule."""


def sense_phonemes(word: str) -> dict[str, tuple[str, ...]]:
    """Returns the phonemes of each sense of a word that has a rule of its own."""
    return {sense: tuple(phonemes.split()) for sense, phonemes in _RULES[word][1].items()}


def homograph_pronunciations() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields every word that has a rule with the phonemes of each of its senses."""
    for word, (_, senses) in _RULES.items():
        yield from ((word, tuple(phonemes.split())) for phonemes in senses.values())
    for word, pair in _PAIRS.items():
        yield from ((word, tuple(phonemes.split())) for phonemes in pair)


def choose(near: Neighbours) -> tuple[str, tuple[str, ...]] | None:
    """Returns the sense and the phonemes of a word that has a rule; None where it cannot tell."""
    word = near.words[near.at]
    if word in _RULES:
        rule, senses = _RULES[word]
        sense = rule(near)
        return (sense, tuple(senses[sense].split())) if sense else None
    sense = noun_or_verb(near)
    if not sense:
        return None
    return sense, tuple(_PAIRS[word][sense == "verb"].split())


def choose_by_tag(word: str, tag: str) -> tuple[str, tuple[str, ...]]:
    """Returns the sense and phonemes of a noun or verb by its part of speech."""
    sense = "verb" if tag.startswith("V") or tag == "MD" else "noun"
    return sense, tuple(_PAIRS[word][sense == "verb"].split())
