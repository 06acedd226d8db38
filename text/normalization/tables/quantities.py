"""Tables of English: months, days, currencies, magnitudes, units, vulgar fractions."""

from __future__ import annotations

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
    "Rs.": ("rupee", "rupees", "paisa", "paise"),
    "Rs": ("rupee", "rupees", "paisa", "paise"),
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
    "lakh": "lakh",
    "crore": "crore",
    "tn": "trillion",
    **{name: name for name in ("hundred", "thousand", "million", "billion", "trillion")},
}

_PREFIXES = {
    "n": "nano",
    "µ": "micro",
    "μ": "micro",
    "m": "milli",
    "c": "centi",
    "d": "deci",
    "h": "hecto",
    "k": "kilo",
    "K": "kilo",
    "M": "mega",
    "G": "giga",
    "T": "tera",
    "P": "peta",
}
_PREFIXED = (
    ("m", "meter", "", "nµμmcdk"),
    ("g", "gram", "", "nµμmk"),
    ("l", "liter", "", "µμmcd"),
    ("L", "liter", "", "µμmcd"),
    ("s", "second", "", "nµμm"),
    ("Hz", "hertz", "hertz", "kMGT"),
    ("W", "watt", "", "mkMGT"),
    ("Wh", "watt hour", "", "kMGT"),
    ("V", "volt", "", "mkM"),
    ("A", "amp", "", "mµμ"),
    ("Ah", "amp hour", "", "m"),
    ("J", "joule", "", "kMG"),
    ("Pa", "pascal", "", "hkMG"),
    ("B", "byte", "", "kKMGTP"),
    ("bit", "bit", "", "kMGT"),
    ("cal", "calorie", "", "k"),
    ("eV", "electron volt", "", "kMGT"),
    ("mol", "mole", "", "mµμ"),
    ("Ω", "ohm", "", "kM"),
    ("bar", "bar", "", "m"),
)
"""Symbol, one, many, prefixes in use."""
_PLAIN_UNITS = (
    ("mi", "mile", ""),
    ("yd", "yard", ""),
    ("ft", "foot", "feet"),
    ("in", "inch", "inches"),
    ("lb", "pound", ""),
    ("lbs", "pound", ""),
    ("oz", "ounce", ""),
    ("fl oz", "fluid ounce", ""),
    ("fl. oz.", "fluid ounce", ""),
    ("gal", "gallon", ""),
    ("tbsp", "tablespoon", ""),
    ("tsp", "teaspoon", ""),
    ("sec", "second", ""),
    ("secs", "second", ""),
    ("min", "minute", ""),
    ("mins", "minute", ""),
    ("h", "hour", ""),
    ("hr", "hour", ""),
    ("hrs", "hour", ""),
    ("wk", "week", ""),
    ("mo", "month", ""),
    ("yr", "year", ""),
    ("yrs", "year", ""),
    ("mph", "mile per hour", "miles per hour"),
    ("kph", "kilometer per hour", "kilometers per hour"),
    ("kmh", "kilometer per hour", "kilometers per hour"),
    ("kbps", "kilobit per second", "kilobits per second"),
    ("Kbps", "kilobit per second", "kilobits per second"),
    ("mbps", "megabit per second", "megabits per second"),
    ("Mbps", "megabit per second", "megabits per second"),
    ("Gbps", "gigabit per second", "gigabits per second"),
    ("gbps", "gigabit per second", "gigabits per second"),
    ("Mb", "megabit", ""),
    ("Gb", "gigabit", ""),
    ("dB", "decibel", ""),
    ("mmHg", "millimeter of mercury", "millimeters of mercury"),
    ("psi", "P S I", "P S I"),
    ("rpm", "R P M", "R P M"),
    ("bpm", "beat per minute", "beats per minute"),
    ("fps", "frame per second", "frames per second"),
    ("px", "pixel", ""),
    ("ha", "hectare", ""),
    ("hp", "horsepower", "horsepower"),
    ("°C", "degree celsius", "degrees celsius"),
    ("°F", "degree fahrenheit", "degrees fahrenheit"),
    ("°K", "kelvin", "kelvin"),
    ("°", "degree", "degrees"),
    ("%", "percent", "percent"),
    ("‰", "per mille", "per mille"),
    ("¢", "cent", ""),
)
UNITS: dict[str, tuple[str, str]] = {
    unit: (one, many or one + "s")
    for unit, one, many in (
        *((symbol, one, many) for symbol, one, many, _ in _PREFIXED),
        *(
            (prefix + symbol, _PREFIXES[prefix] + one, _PREFIXES[prefix] + many if many else "")
            for symbol, one, many, prefixes in _PREFIXED
            for prefix in prefixes
        ),
        *_PLAIN_UNITS,
    )
}
"""Unit: one, many. Powers and quotients of them are read by rule."""
LENGTHS = frozenset(("m", "km", "cm", "mm", "dm", "µm", "μm", "nm", "ft", "in", "mi", "yd"))
"""Units of length: to the power of two they are square, not squared."""
CAPITAL_UNITS = {
    unit.upper(): unit
    for unit in (
        *("kg", "km", "cm", "mm", "lb", "lbs", "oz", "ft", "mph", "rpm", "psi", "khz", "min"),
        *("sec", "hrs", "kph", "ml", "mg"),
    )
}
CAPITAL_UNITS["KHZ"] = "kHz"
"""Units that are also written in capitals."""
SPACED_NEVER = frozenset(("in", "s", "l", "h", "A", "B", "cal", "mo", "mol"))
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
