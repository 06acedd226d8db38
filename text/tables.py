"""Tables of English: units, currencies, months, abbreviations, acronyms, names."""

from __future__ import annotations


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
MONTH_NUMBERS = {
    **{name: i for i, name in enumerate(MONTHS, 1)},
    **{name[:3]: i for i, name in enumerate(MONTHS, 1)},
    "sept": 9,
}
DAYS = {
    "mon": "monday",
    "tue": "tuesday",
    "tues": "tuesday",
    "wed": "wednesday",
    "thu": "thursday",
    "thur": "thursday",
    "thurs": "thursday",
    "fri": "friday",
    "sat": "saturday",
    "sun": "sunday",
}

CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "US$": ("U S dollar", "U S dollars", "cent", "cents"),
    "A$": ("australian dollar", "australian dollars", "cent", "cents"),
    "C$": ("canadian dollar", "canadian dollars", "cent", "cents"),
    "HK$": ("hong kong dollar", "hong kong dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "sen", "sen"),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "jeon", "jeon"),
    "₽": ("ruble", "rubles", "kopek", "kopeks"),
    "₿": ("bitcoin", "bitcoins", "", ""),
    "USD": ("U S dollar", "U S dollars", "cent", "cents"),
    "EUR": ("euro", "euros", "cent", "cents"),
    "GBP": ("british pound", "british pounds", "penny", "pence"),
    "JPY": ("japanese yen", "japanese yen", "", ""),
    "CHF": ("swiss franc", "swiss francs", "rappen", "rappen"),
    "CAD": ("canadian dollar", "canadian dollars", "cent", "cents"),
    "AUD": ("australian dollar", "australian dollars", "cent", "cents"),
    "CNY": ("chinese yuan", "chinese yuan", "", ""),
    "INR": ("indian rupee", "indian rupees", "paisa", "paise"),
}
"""Sign or code: unit, units, hundredth, hundredths."""

MAGNITUDES = {
    "k": "thousand",
    "K": "thousand",
    "m": "million",
    "M": "million",
    "mn": "million",
    "b": "billion",
    "B": "billion",
    "bn": "billion",
    "t": "trillion",
    "T": "trillion",
    "tn": "trillion",
    **{name: name for name in ("hundred", "thousand", "million", "billion", "trillion")},
}

UNITS: dict[str, tuple[str, str]] = {
    unit: (one, many or one + "s")
    for unit, one, many in (
        ("km", "kilometer", ""),
        ("m", "meter", ""),
        ("cm", "centimeter", ""),
        ("mm", "millimeter", ""),
        ("µm", "micrometer", ""),
        ("μm", "micrometer", ""),
        ("nm", "nanometer", ""),
        ("mi", "mile", ""),
        ("yd", "yard", ""),
        ("ft", "foot", "feet"),
        ("in", "inch", "inches"),
        ("kg", "kilogram", ""),
        ("g", "gram", ""),
        ("mg", "milligram", ""),
        ("µg", "microgram", ""),
        ("μg", "microgram", ""),
        ("lb", "pound", ""),
        ("lbs", "pound", ""),
        ("oz", "ounce", ""),
        ("l", "liter", ""),
        ("L", "liter", ""),
        ("ml", "milliliter", ""),
        ("mL", "milliliter", ""),
        ("gal", "gallon", ""),
        ("tbsp", "tablespoon", ""),
        ("tsp", "teaspoon", ""),
        ("s", "second", ""),
        ("sec", "second", ""),
        ("secs", "second", ""),
        ("ms", "millisecond", ""),
        ("ns", "nanosecond", ""),
        ("µs", "microsecond", ""),
        ("min", "minute", ""),
        ("mins", "minute", ""),
        ("h", "hour", ""),
        ("hr", "hour", ""),
        ("hrs", "hour", ""),
        ("yr", "year", ""),
        ("yrs", "year", ""),
        ("mph", "mile per hour", "miles per hour"),
        ("km/h", "kilometer per hour", "kilometers per hour"),
        ("kph", "kilometer per hour", "kilometers per hour"),
        ("kmh", "kilometer per hour", "kilometers per hour"),
        ("m/s", "meter per second", "meters per second"),
        ("Hz", "hertz", "hertz"),
        ("kHz", "kilohertz", "kilohertz"),
        ("MHz", "megahertz", "megahertz"),
        ("GHz", "gigahertz", "gigahertz"),
        ("KB", "kilobyte", ""),
        ("kB", "kilobyte", ""),
        ("MB", "megabyte", ""),
        ("GB", "gigabyte", ""),
        ("TB", "terabyte", ""),
        ("PB", "petabyte", ""),
        ("Mbps", "megabit per second", "megabits per second"),
        ("Gbps", "gigabit per second", "gigabits per second"),
        ("MB/s", "megabyte per second", "megabytes per second"),
        ("V", "volt", ""),
        ("kV", "kilovolt", ""),
        ("W", "watt", ""),
        ("kW", "kilowatt", ""),
        ("MW", "megawatt", ""),
        ("GW", "gigawatt", ""),
        ("kWh", "kilowatt hour", ""),
        ("mA", "milliamp", ""),
        ("mAh", "milliamp hour", ""),
        ("dB", "decibel", ""),
        ("Pa", "pascal", ""),
        ("kPa", "kilopascal", ""),
        ("hPa", "hectopascal", ""),
        ("psi", "P S I", "P S I"),
        ("rpm", "R P M", "R P M"),
        ("fps", "frame per second", "frames per second"),
        ("px", "pixel", ""),
        ("kcal", "kilocalorie", ""),
        ("cal", "calorie", ""),
        ("kJ", "kilojoule", ""),
        ("ha", "hectare", ""),
        ("°C", "degree celsius", "degrees celsius"),
        ("°F", "degree fahrenheit", "degrees fahrenheit"),
        ("°K", "kelvin", "kelvin"),
        ("°", "degree", "degrees"),
        ("%", "percent", "percent"),
        ("‰", "per mille", "per mille"),
        ("m^2", "square meter", ""),
        ("km^2", "square kilometer", ""),
        ("cm^2", "square centimeter", ""),
        ("m^3", "cubic meter", ""),
        ("cm^3", "cubic centimeter", ""),
        ("m2", "square meter", ""),
        ("km2", "square kilometer", ""),
        ("m3", "cubic meter", ""),
        ("sq ft", "square foot", "square feet"),
        ("sq. ft.", "square foot", "square feet"),
        ("sq km", "square kilometer", ""),
        ("sq mi", "square mile", ""),
        ("¢", "cent", ""),
    )
}
"""Unit: one, many."""
SPACED_NEVER = frozenset(("in", "V", "W", "s", "l", "L", "h", "cal", "ha"))
"""With a space before them these are more often words or initials ("5 in Paris")."""

VULGAR = {
    "½": (1, 2),
    "¼": (1, 4),
    "¾": (3, 4),
    "⅓": (1, 3),
    "⅔": (2, 3),
    "⅛": (1, 8),
    "⅜": (3, 8),
    "⅝": (5, 8),
    "⅞": (7, 8),
    "⅕": (1, 5),
    "⅖": (2, 5),
    "⅗": (3, 5),
    "⅘": (4, 5),
    "⅙": (1, 6),
    "⅚": (5, 6),
}

COMPOUND_SYMBOLS = {
    "!=": "is not equal to",
    ">=": "greater than or equal to",
    "<=": "less than or equal to",
    "==": "equals",
    "->": "arrow",
    "=>": "arrow",
}
SYMBOLS = {
    "&": "and",
    "%": "percent",
    "@": "at",
    "+": "plus",
    "=": "equals",
    "<": "less than",
    ">": "greater than",
    "≤": "less than or equal to",
    "≥": "greater than or equal to",
    "≠": "not equal to",
    "≈": "approximately",
    "×": "times",
    "÷": "divided by",
    "±": "plus or minus",
    "√": "square root of",
    "∞": "infinity",
    "°": "degrees",
    "#": "hash",
    "§": "section",
    "/": "slash",
    "\\": "backslash",
    "©": "copyright",
    "®": "registered",
    "™": "trademark",
    "$": "dollars",
    "€": "euros",
    "£": "pounds",
    "¥": "yen",
    "₹": "rupees",
    "₿": "bitcoin",
    "¢": "cents",
    "~": "approximately",
    "^": "caret",
    "←": "left arrow",
    "→": "right arrow",
    "µ": "micro",
}
"""Signs with a name of their own, read by themselves."""

GREEK_NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho
sigma sigma tau upsilon phi chi psi omega
"""
GREEK = dict(
    zip(
        "αβγδεζηθικλμνξοπρςστυφχψω",
        GREEK_NAMES.split(),
        strict=True,
    )
)

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
    "fr": "father",
    "mt": "mount",
    "ft": "fort",
    "st": "saint",
}
"""Before a capitalized name, never the end of a sentence."""

ABBREVIATIONS = {
    "jan": "january",
    "feb": "february",
    "apr": "april",
    "aug": "august",
    "sept": "september",
    "oct": "october",
    "nov": "november",
    "dec": "december",
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
}
"""With a full stop after them; may end a sentence."""

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
    "w/": "with",
}
"""Read so without a full stop too."""

COUNTED = {
    "no": "number",
    "nos": "numbers",
    "vol": "volume",
    "vols": "volumes",
    "ch": "chapter",
    "chap": "chapter",
    "fig": "figure",
    "figs": "figures",
    "p": "page",
    "pp": "pages",
    "pg": "page",
    "sec": "section",
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
}
"""Abbreviations only before a number."""

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
}

ROMAN_COUNTED = _listed(
    "chapter part book volume act scene section article war phase type level figure table appendix "
    "title class stage mark grade bowl page verse canto psalm lesson unit number step group tier "
    "quadrant episode season round apollo schedule division"
)
"""Words before a Roman numeral that is read as a cardinal."""

REGNAL = _listed(
    "louis henry george charles edward elizabeth james william richard philip john paul pius leo "
    "benedict gregory innocent clement urban alexander nicholas catherine peter ivan frederick "
    "wilhelm napoleon ferdinand francis joseph maximilian otto ludwig gustav christian olav haakon "
    "carl karl alfonso juan felipe isabella mary robert david kenneth ramses rameses "
    "ramesses thutmose ptolemy cleopatra xerxes darius cyrus artaxerxes antiochus seleucus "
    "constantine theodosius justinian basil leopold albert baudouin victor umberto pedro manuel "
    "afonso sancho rudolf sigismund wladyslaw casimir stephen celestine sixtus boniface honorius "
    "callixtus adrian eugene martin julius lucius marcus vladimir boris menelik rama selim "
    "suleiman mehmed murad bayezid abdul hussein abdullah hassan mohammed muhammad margaret "
    "beatrix anne harald sverre magnus erik eric valdemar knut canute edgar ethelred harold"
)

WORD_ACRONYMS = _listed(
    "NASA NATO AIDS UNESCO UNICEF OPEC LASER RADAR SCUBA ASCII RAM ROM PIN SIM GIF JPEG COVID SARS "
    "NAFTA FIFA UEFA OSHA SWAT POTUS SCOTUS DARPA ASEAN BREXIT CAPTCHA LIDAR SONAR TASER FEMA "
    "NOAA ICANN LAN WAN MIDI BIOS CAD WIFI GUI RAID REST SOAP CRUD YAML TOML ZIP MOOC FOMO YOLO "
    "NIMBY IKEA LEGO BASIC COBOL FORTRAN EBITDA NASDAQ AWOL BAFTA CERN INTERPOL MENSA PETA "
    "NASCAR CUDA"
)
"""Read as words."""
