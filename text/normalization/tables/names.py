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
