"""What the page of drift says of effects and of the health of models, in both languages."""

from typing import Final

ENGLISH: Final = {
    "drift.moved": "How far it moved",
    "drift.moved.about": "The shift is in standard deviations, the distance is the largest one of the two "
    "distributions. Chance says how often so large a change would come by itself, corrected for the number of "
    "features; only what is both large and no chance counts.",
    "drift.effect": "Shift",
    "drift.distance": "Distance",
    "drift.chance": "Chance",
    "drift.counts": "Counts",
    "drift.yes": "yes",
    "drift.no": "no",
    "drift.said": "What the model says",
    "drift.most": "The features that moved most",
    "drift.forecast_home": "Chance of a home win",
    "drift.forecast_draw": "Chance of a draw",
    "drift.forecast_away": "Chance of an away win",
    "drift.forecast_entropy": "How unsure it is (entropy)",
    "health.title": "Do the models keep what they promise?",
    "health.about": "A calibrated forecast expects a log-loss of its own: its entropy. What is settled should come out "
    "near it; what is still to come can be expected already.",
    "health.sick": "A model does not keep what it promises.",
    "health.alarm": "Model {model}, {where}: {leaning}.",
    "health.all": "all competitions",
    "health.fine": "nothing to see",
    "health.open": "nothing settled",
    "health.model": "Model",
    "health.competition": "Competition",
    "health.z": "Gap in standard errors",
    "health.verdict": "Verdict",
    "health.waiting": "Still to come",
    "health.ahead": "Expected of them",
    "health.method": "The verdict may be looked at after every match: of models that are well, at most 5 in 100 are "
    "ever accused, all competitions together. The gap in standard errors is meant for one look only.",
    "health.too_sure": "too sure of itself",
    "health.not_sure_enough": "not sure enough",
    "health.too_little_for_home": "too little for the home team",
    "health.too_much_for_home": "too much for the home team",
    "health.too_little_for_draws": "too little for draws",
    "health.too_much_for_draws": "too much for draws",
    "health.too_little_for_away": "too little for the away team",
    "health.too_much_for_away": "too much for the away team",
}

GERMAN: Final = {
    "drift.moved": "Wie weit es sich verschoben hat",
    "drift.moved.about": "Die Verschiebung ist in Standardabweichungen, der Abstand der größte zwischen beiden "
    "Verteilungen. Der Zufall sagt, wie oft eine so große Änderung von selbst käme, bereinigt um die Zahl der "
    "Merkmale; es zählt nur, was groß ist und kein Zufall.",
    "drift.effect": "Verschiebung",
    "drift.distance": "Abstand",
    "drift.chance": "Zufall",
    "drift.counts": "Zählt",
    "drift.yes": "ja",
    "drift.no": "nein",
    "drift.said": "Was das Modell sagt",
    "drift.most": "Die Merkmale, die sich am meisten verschoben haben",
    "drift.forecast_home": "Chance eines Heimsiegs",
    "drift.forecast_draw": "Chance eines Unentschiedens",
    "drift.forecast_away": "Chance eines Auswärtssiegs",
    "drift.forecast_entropy": "Wie unsicher es ist (Entropie)",
    "health.title": "Halten die Modelle, was sie versprechen?",
    "health.about": "Eine kalibrierte Prognose erwartet einen eigenen Log-Loss: ihre Entropie. Was abgerechnet ist, "
    "sollte nahe dabei liegen; für das, was noch kommt, lässt er sich schon erwarten.",
    "health.sick": "Ein Modell hält nicht, was es verspricht.",
    "health.alarm": "Modell {model}, {where}: {leaning}.",
    "health.all": "alle Wettbewerbe",
    "health.fine": "nichts zu sehen",
    "health.open": "nichts abgerechnet",
    "health.model": "Modell",
    "health.competition": "Wettbewerb",
    "health.z": "Abstand in Standardfehlern",
    "health.verdict": "Urteil",
    "health.waiting": "Noch offen",
    "health.ahead": "Davon erwartet",
    "health.method": "Das Urteil darf nach jedem Spiel gelesen werden: Von gesunden Modellen werden höchstens 5 von "
    "100 jemals beschuldigt, alle Wettbewerbe zusammen. Der Abstand in Standardfehlern ist nur für einen einzigen "
    "Blick gedacht.",
    "health.too_sure": "zu sicher",
    "health.not_sure_enough": "nicht sicher genug",
    "health.too_little_for_home": "zu wenig für das Heimteam",
    "health.too_much_for_home": "zu viel für das Heimteam",
    "health.too_little_for_draws": "zu wenig für Unentschieden",
    "health.too_much_for_draws": "zu viel für Unentschieden",
    "health.too_little_for_away": "zu wenig für das Auswärtsteam",
    "health.too_much_for_away": "zu viel für das Auswärtsteam",
}
