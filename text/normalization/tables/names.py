"""Tables of English: titles, abbreviations, acronyms, what is counted in Roman numerals."""

from __future__ import annotations


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


TITLES = {
    "dr": "doctor",
    "drs": "doctors",
    "mr": "mister",
    "mrs": "missus",
    "ms": "miz",
    "messrs": "messers",
    "mme": "madam",
    "prof": "professor",
    "rev": "reverend",
    "hon": "honorable",
    "gen": "general",
    "col": "colonel",
    "capt": "captain",
    "cpt": "captain",
    "lt": "lieutenant",
    "sgt": "sergeant",
    "cpl": "corporal",
    "pvt": "private",
    "maj": "major",
    "cmdr": "commander",
    "adm": "admiral",
    "sen": "senator",
    "rep": "representative",
    "gov": "governor",
    "pres": "president",
    "supt": "superintendent",
    "det": "detective",
    "insp": "inspector",
    "sec": "secretary",
    "amb": "ambassador",
    "atty": "attorney",
    "bp": "bishop",
    "mlle": "mademoiselle",
    "pfc": "private first class",
    "brig": "brigadier",
    "ens": "ensign",
    "fr": "father",
    "wm": "william",
    "chas": "charles",
    "geo": "george",
    "jas": "james",
    "thos": "thomas",
    "benj": "benjamin",
    "robt": "robert",
    "jno": "john",
    "mt": "mount",
    "ft": "fort",
    "st": "saint",
    "ste": "saint",
}
"""Before a capitalized name, never the end of a sentence."""

PLAIN_TITLES = _listed(
    """mr mrs ms dr messrs mme mlle prof rev gen col capt cpt lt sgt cpl pvt maj cmdr gov supt insp
    st mt"""
)
"""Titles that are also written without a full stop."""

SAINTS = _listed(
    """agnes albans ambrose andrew andrews anne anselm anthony augustine barbara bartholomew basil
    benedict bernadette bernard boniface brendan bride cecilia charles christopher clair clare
    clement cloud columba croix crispin cuthbert david denis dominic dunstan edmund edward elmo
    etienne eustatius francis gallen gabriel george germain giles gotthard gregory helena helens
    helier hilda hubert ignatius ives jacob james jerome joan john johns joseph jude julian
    kilda kitts laurent lawrence leger leo leonard louis lucia lucy luke malo margaret mark
    marks martin martins mary marys matthew maurice michael michaels monica moritz nazaire
    nicholas olaf pancras patrick patricks paul pauls peter peters petersburg philip pierre
    quentin raphael regis remy sebastian simon stephen stephens swithin teresa theresa thomas
    tropez ursula valentine veronica victor vincent vitus"""
)
"""Names after which "St" is never a street."""

STREETS = {
    "st": "street",
    "dr": "drive",
    "ave": "avenue",
    "av": "avenue",
    "blvd": "boulevard",
    "rd": "road",
    "ln": "lane",
    "hwy": "highway",
    "pkwy": "parkway",
    "expy": "expressway",
    "fwy": "freeway",
    "ct": "court",
    "sq": "square",
    "pl": "place",
    "ter": "terrace",
    "cir": "circle",
}
"""After a capitalized name or an ordinal."""

ABBREVIATIONS = {
    "jr": "junior",
    "sr": "senior",
    "esq": "esquire",
    "inc": "incorporated",
    "corp": "corporation",
    "ltd": "limited",
    "co": "company",
    "bros": "brothers",
    "dept": "department",
    "univ": "university",
    "assn": "association",
    "etc": "et cetera",
    "vs": "versus",
    "v": "versus",
    "approx": "approximately",
    "est": "established",
    "ca": "circa",
    "cf": "compare",
    "viz": "namely",
    "al": "al",
    "ave": "avenue",
    "blvd": "boulevard",
    "rd": "road",
    "hwy": "highway",
    "apt": "apartment",
    "bldg": "building",
    "misc": "miscellaneous",
    "max": "maximum",
    "tel": "telephone",
    "ext": "extension",
    "govt": "government",
    "intl": "international",
    "natl": "national",
    "ed": "edition",
    "eds": "editors",
    "trans": "translated",
    "vols": "volumes",
    "pkg": "package",
    "attn": "attention",
    "asst": "assistant",
    "mgr": "manager",
    "mfg": "manufacturing",
    "hrs": "hours",
    "mins": "minutes",
    "yrs": "years",
    "wt": "weight",
    "qty": "quantity",
    "temp": "temperature",
    "ref": "reference",
    "par": "paragraph",
    "paras": "paragraphs",
    "resp": "respectively",
    "incl": "including",
    "excl": "excluding",
    "mmes": "mesdames",
}
"""With a full stop after them; may end a sentence."""

NEVER_ENDING = _listed("vs v cf viz ca approx incl excl attn trans")
"""Abbreviations that something always follows."""

STATES = {
    "AL": "Alabama",
    "AK": "Alaska",
    "AZ": "Arizona",
    "AR": "Arkansas",
    "CA": "California",
    "CO": "Colorado",
    "CT": "Connecticut",
    "DE": "Delaware",
    "FL": "Florida",
    "GA": "Georgia",
    "HI": "Hawaii",
    "ID": "Idaho",
    "IL": "Illinois",
    "IN": "Indiana",
    "IA": "Iowa",
    "KS": "Kansas",
    "KY": "Kentucky",
    "LA": "Louisiana",
    "ME": "Maine",
    "MD": "Maryland",
    "MA": "Massachusetts",
    "MI": "Michigan",
    "MN": "Minnesota",
    "MS": "Mississippi",
    "MO": "Missouri",
    "MT": "Montana",
    "NE": "Nebraska",
    "NV": "Nevada",
    "NH": "New Hampshire",
    "NJ": "New Jersey",
    "NM": "New Mexico",
    "NY": "New York",
    "NC": "North Carolina",
    "ND": "North Dakota",
    "OH": "Ohio",
    "OK": "Oklahoma",
    "OR": "Oregon",
    "PA": "Pennsylvania",
    "RI": "Rhode Island",
    "SC": "South Carolina",
    "SD": "South Dakota",
    "TN": "Tennessee",
    "TX": "Texas",
    "UT": "Utah",
    "VT": "Vermont",
    "VA": "Virginia",
    "WA": "Washington",
    "WV": "West Virginia",
    "WI": "Wisconsin",
    "WY": "Wyoming",
    "DC": "D C",
}
"""Postal codes, after a comma."""
STATE_ABBREVIATIONS = {
    "ala": "Alabama",
    "ariz": "Arizona",
    "ark": "Arkansas",
    "cal": "California",
    "calif": "California",
    "colo": "Colorado",
    "conn": "Connecticut",
    "del": "Delaware",
    "fla": "Florida",
    "ga": "Georgia",
    "ill": "Illinois",
    "ind": "Indiana",
    "kan": "Kansas",
    "kans": "Kansas",
    "ky": "Kentucky",
    "la": "Louisiana",
    "mass": "Massachusetts",
    "md": "Maryland",
    "me": "Maine",
    "mich": "Michigan",
    "minn": "Minnesota",
    "miss": "Mississippi",
    "mo": "Missouri",
    "mont": "Montana",
    "neb": "Nebraska",
    "nebr": "Nebraska",
    "nev": "Nevada",
    "okla": "Oklahoma",
    "ore": "Oregon",
    "pa": "Pennsylvania",
    "penn": "Pennsylvania",
    "tenn": "Tennessee",
    "tex": "Texas",
    "va": "Virginia",
    "vt": "Vermont",
    "wash": "Washington",
    "wis": "Wisconsin",
    "wyo": "Wyoming",
}
"""Written out in older texts, after a comma and with a full stop."""

BIBLE = {
    "gen": "genesis",
    "exod": "exodus",
    "ex": "exodus",
    "lev": "leviticus",
    "num": "numbers",
    "deut": "deuteronomy",
    "josh": "joshua",
    "judg": "judges",
    "sam": "samuel",
    "kgs": "kings",
    "chron": "chronicles",
    "chr": "chronicles",
    "neh": "nehemiah",
    "esth": "esther",
    "ps": "psalm",
    "psa": "psalm",
    "pss": "psalms",
    "prov": "proverbs",
    "eccl": "ecclesiastes",
    "eccles": "ecclesiastes",
    "isa": "isaiah",
    "jer": "jeremiah",
    "lam": "lamentations",
    "ezek": "ezekiel",
    "dan": "daniel",
    "hos": "hosea",
    "obad": "obadiah",
    "jon": "jonah",
    "mic": "micah",
    "nah": "nahum",
    "hab": "habakkuk",
    "zeph": "zephaniah",
    "hag": "haggai",
    "zech": "zechariah",
    "mal": "malachi",
    "matt": "matthew",
    "mt": "matthew",
    "mk": "mark",
    "lk": "luke",
    "jn": "john",
    "rom": "romans",
    "cor": "corinthians",
    "gal": "galatians",
    "eph": "ephesians",
    "phil": "philippians",
    "col": "colossians",
    "thess": "thessalonians",
    "tim": "timothy",
    "tit": "titus",
    "philem": "philemon",
    "heb": "hebrews",
    "jas": "james",
    "pet": "peter",
    "rev": "revelation",
}
"""Abbreviated books of the Bible."""
BIBLE_BOOKS = _listed(
    """genesis exodus leviticus numbers deuteronomy joshua judges ruth samuel kings chronicles ezra
    nehemiah esther job psalm psalms proverbs ecclesiastes isaiah jeremiah lamentations ezekiel
    daniel hosea joel amos obadiah jonah micah nahum habakkuk zephaniah haggai zechariah malachi
    matthew mark luke john acts romans corinthians galatians ephesians philippians colossians
    thessalonians timothy titus philemon hebrews james peter jude revelation"""
)
CHAPTERED = _listed("ps psa pss isa deut prov exod lev eccl jer ezek matt rom cor thess heb")
"""Abbreviated books that need no verse to be told from other abbreviations."""

PLAIN_ABBREVIATIONS = {
    "mr": "mister",
    "mrs": "missus",
    "ms": "miz",
    "dr": "doctor",
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
    "ok": "okay",
    "phd": "P H D",
    "msc": "M S C",
    "bsc": "B S C",
    "ios": "I O S",
    "w/o": "without",
    "c/o": "care of",
    "w/": "with",
}
"""Read so without a full stop too."""

COUNTED = {
    "no": "number",
    "nos": "numbers",
    "vol": "volume",
    "vols": "volumes",
    "ch": "chapter",
    "bk": "book",
    "chap": "chapter",
    "fig": "figure",
    "figs": "figures",
    "p": "page",
    "pp": "pages",
    "pg": "page",
    "sec": "section",
    "secs": "sections",
    "sect": "section",
    "sects": "sections",
    "chs": "chapters",
    "rt": "route",
    "rte": "route",
    "hwy": "highway",
    "eqs": "equations",
    "eqn": "equation",
    "eqns": "equations",
    "ref": "reference",
    "refs": "references",
    "apt": "apartment",
    "ste": "suite",
    "par": "paragraph",
    "ll": "lines",
    "art": "article",
    "eq": "equation",
    "ed": "edition",
    "pt": "part",
    "op": "opus",
    "nr": "number",
    "ver": "version",
    "v": "version",
    "max": "maximum",
    "min": "minimum",
    "avg": "average",
    "c": "circa",
    "b": "born",
    "d": "died",
    "fl": "flourished",
    "r": "reigned",
    "est": "established",
    "yr": "year",
    "wk": "week",
    "mo": "month",
    "qtr": "quarter",
    "ex": "exercise",
    "prob": "problem",
    "col": "column",
    "tab": "table",
    "thm": "theorem",
    "pl": "plate",
}
"""Abbreviations only before a number."""
PLAIN_COUNTED = _listed("no nos vol vols fig figs ch pp pg eq rt rte hwy ste apt chap")
"""Those that are also written without a full stop, with a capital where they are words."""

LATIN = {
    "e.g.": ["for", "example"],
    "i.e.": ["that", "is"],
    "a.m.": ["A", "M"],
    "p.m.": ["P", "M"],
    "a.d.": ["A", "D"],
    "b.c.": ["B", "C"],
    "ph.d.": ["P", "H", "D"],
    "m.d.": ["M", "D"],
    "et al.": ["et", "al"],
    "n.b.": ["N", "B"],
    "p.s.": ["P", "S"],
    "rt. hon.": ["right", "honorable"],
}

ROMAN_COUNTED = _listed(
    """chapter part book volume act scene section article war phase type level figure table
    appendix title class stage mark grade bowl page verse canto psalm lesson unit number step
    group tier quadrant episode season round apollo schedule division"""
)
"""Words before a Roman numeral that is read as a cardinal."""

REGNAL = _listed(
    """louis henry george charles edward elizabeth james william richard philip john paul pius leo
    benedict gregory innocent clement urban alexander nicholas catherine peter ivan frederick
    wilhelm napoleon ferdinand francis joseph maximilian otto ludwig gustav christian olav
    haakon carl karl alfonso juan felipe isabella mary robert david kenneth ramses rameses
    ramesses thutmose ptolemy cleopatra xerxes darius cyrus artaxerxes antiochus seleucus
    constantine theodosius justinian basil leopold albert baudouin victor umberto pedro manuel
    afonso sancho rudolf sigismund wladyslaw casimir stephen celestine sixtus boniface honorius
    callixtus adrian eugene martin julius lucius marcus vladimir boris menelik rama selim
    suleiman mehmed murad bayezid abdul hussein abdullah hassan mohammed muhammad margaret
    beatrix anne harald sverre magnus erik eric valdemar knut canute edgar ethelred harold"""
)

WORD_ACRONYMS = _listed(
    """NASA NATO AIDS UNESCO UNICEF OPEC LASER RADAR SCUBA ASCII RAM ROM PIN SIM GIF JPEG COVID
    SARS NAFTA FIFA UEFA OSHA SWAT POTUS SCOTUS DARPA ASEAN BREXIT CAPTCHA LIDAR SONAR TASER
    FEMA NOAA ICANN LAN WAN MIDI BIOS CAD WIFI GUI RAID REST SOAP CRUD YAML TOML ZIP MOOC FOMO
    YOLO NIMBY IKEA LEGO BASIC COBOL FORTRAN EBITDA NASDAQ AWOL BAFTA CERN INTERPOL MENSA PETA
    NASCAR CUDA"""
)
"""Read as words."""
SPELLED_WORDS = _listed("IT US AM PM AD WHO LED SAT ACT MIT CAT HR PR AL ED MS MD LA PA MA")
"""Acronyms that are spelled alone, but are words where everything is in capitals."""
