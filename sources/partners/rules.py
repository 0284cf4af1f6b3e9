"""The rules that a delivery and its rows are held to, each with what was expected, in the partner's language.

Belongs here: the names of the rules, their Dutch sentences, and `Refused`, which says that a delivery as a whole can't be
read. Does not belong here: how a rule is checked (`reading`, `rows`).
"""

from __future__ import annotations

from collections.abc import Mapping

from sources.errors import NoordError

# Rules about the delivery as a whole; one of them broken refuses it all.
_DELIVERY: Mapping[str, str] = {
    "te_groot": "een bestand van hoogstens 200 MB",
    "leeg_bestand": "een bestand met een kopregel en rijen",
    "verkeerd_formaat": "een bestand in het formaat van het contract",
    "wachtwoord": "een XLSX-bestand zonder wachtwoord, in het formaat van Excel 2007 of later",
    "geen_tekst": "tekst in UTF-8, UTF-16 met BOM of Windows-1252, zonder stuurtekens",
    "onleesbaar": "een bestand dat heel is en volgens zijn formaat geschreven",
    "aanhalingstekens": 'velden met aanhalingstekens die ook weer sluiten, en "" voor een aanhalingsteken in een veld',
    "zip_onveilig": "een gewoon Excel-bestand, zonder dubbele of verborgen onderdelen en niet sterker ingepakt dan Excel doet",
    "ingesloten_bestand": "een werkboek zonder macro's, afbeeldingen en ingesloten bestanden",
    "te_veel_rijen": "hoogstens 2.000.000 rijen",
    "te_veel_kolommen": "hoogstens 200 kolommen",
    "te_veel_cellen": "niet meer cellen en tekst dan een levering nodig heeft",
    "te_lange_cel": "hoogstens 32.767 tekens in een cel",
    "te_veel_buiten_tabel": "een bestand met de tabel en weinig daarbuiten",
    "kopregel_ontbreekt": "een kopregel met de kolommen van het contract, bovenaan of onder enkele titelregels",
    "kolom_ontbreekt": "alle kolommen die het contract vereist",
    "onbekende_kolom": "alleen kolommen uit het contract, elk met een kop",
    "dubbele_kolom": "elke kolom van het contract één keer",
    "werkblad_ontbreekt": "het werkblad dat in het contract staat",
    "werkblad_dubbel": "één zichtbaar werkblad met de kopregel",
    "geen_rijen": "ten minste één rij onder de kopregel",
    "geneste_waarde": "per rij één object met gewone waarden, zonder lijsten of objecten daarin en elke naam één keer",
    "bestandsnaam": "een bestandsnaam met de periode, zoals in het contract",
}

# Rules about one row.
_ROW: Mapping[str, str] = {
    "aantal_velden": "evenveel velden als de kopregel",
    "verplicht": "een waarde in deze kolom",
    "aantal": "een heel getal van nul of meer, zoals 1234 of 1.234",
    "getal": "een getal, zoals 1234,5 of 1.234,50",
    "getal_dubbelzinnig": "een getal zonder punt voor duizendtallen; 1.234 kan hier twee dingen betekenen",
    "te_laag": "een getal dat niet lager is dan het contract toestaat",
    "te_hoog": "een getal dat niet hoger is dan het contract toestaat",
    "categorie": "een van de waarden van het contract",
    "datum": "een dag die bestaat, zoals 31-12-2025 of 2025-12-31",
    "jaar": "een jaar zoals 2025, of een schooljaar zoals 2025-2026",
    "maand": "een maand: 1 tot en met 12, een naam zoals maart, of 2025-03",
    "kwartaal": "een kwartaal: 1 tot en met 4, of zoals 2025Q1",
    "trimester": "een periode van het schooljaar: 1, 2 of 3",
    "periode_tegenstrijdig": "hetzelfde jaar in alle kolommen die een jaar noemen",
    "andere_periode": "alleen perioden waar dit bestand over gaat: niet later dan de bestandsnaam, en elk met alle rijen",
    "gebied_onbekend": "een CBS-code of naam van een gebied in Heerlen dat bestaat",
    "gebied_niveau": "een gebied van het niveau van het contract (wijk of buurt)",
    "gebied_buiten_programma": "een gebied in de gemeente Heerlen",
    "naam_past_niet": "een naam die bij de code in dezelfde rij hoort",
    "postcode": "een postcode van vier cijfers, of van vier cijfers en twee letters",
    "school_onbekend": "een BRIN-code met vestigingsnummer van een school in Heerlen, zoals 00AB00",
    "pseudoniem": "een pseudoniem dat met de afgesproken sleutel is gemaakt: 64 hexadecimale tekens (HMAC-SHA256)",
    "totaalrij": "losse groepen, en geen rij met een totaal",
    "formuleteken": "een naam die niet begint met =, +, - of @, want een rekenblad maakt daar een formule van",
    "dubbele_rij": "elke combinatie van gebied, periode en groep één keer",
    "tegenstrijdige_rij": "elk kenmerk van een rij met één inhoud",
    "buiten_venster": "een periode binnen de maanden die opnieuw worden opgehaald; deze rij telt niet mee",
}

RULES: Mapping[str, str] = {**_DELIVERY, **_ROW}


class Refused(NoordError):
    """A delivery that can't be read as a whole, and is therefore refused.

    Args:
        rule: the name of the rule that it breaks, a key of `RULES`.
        where: the place in the file, in Dutch; never the value of a cell.
        expected_nl: what was expected, in Dutch; the sentence of the rule when it needs no more.
    """

    def __init__(self, rule: str, where: str, expected_nl: str | None = None) -> None:
        self.rule = rule
        self.where = where
        self.expected_nl = expected_nl or RULES[rule]
        super().__init__(f"{rule} ({where}). Verwacht: {self.expected_nl}. De levering is geweigerd.")
