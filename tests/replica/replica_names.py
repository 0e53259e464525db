"""Clubs and people of the replica: no real ones, and spelt as awkwardly as real ones are."""

from typing import Final

CLUBS: Final = (
    ("Northbridge United", "Northbridge Utd"),
    ("Köln Athletic & Co", "Köln Athletic"),
    ("St. Osyth's Rangers", "St. Osyth's"),
    ("Marsh <Works> FC", "Marsh <Works>"),
    ("Østerdal Rovers", "Østerdal"),
    ("Quillhaven Town", "Quillhaven"),
    ("Brackwater Wanderers", "Brackwater"),
    ("Łąkowa Albion", "Łąkowa"),
    ("Tinderby City", "Tinderby"),
    ("Peña & Vale", "Peña & Vale"),
    ("Copperholm", "Copperholm"),
    ("Saint-Véran Harriers", "St Véran"),
    ("Dunlow County", "Dunlow"),
    ("Eskerton Orient", "Eskerton"),
    ("Farrowgate", "Farrowgate"),
    ("Gullmere Albion", "Gullmere"),
    ("Hartsnape Forest", "Hartsnape"),
    ("Inverquay", "Inverquay"),
    ("Jorvale Athletic", "Jorvale"),
    ("Kettlewick Park", "Kettlewick"),
    ("Larkspur Vale", "Larkspur"),
    ("Mereside Thistle", "Mereside"),
    ("Nørholt IF", "Nørholt"),
    ("Oakhollow", "Oakhollow"),
    ("Pennyfarrow & District", "Pennyfarrow"),
    ("Ravensmoot", "Ravensmoot"),
    ("Siltmarsh", "Siltmarsh"),
    ("Três Moinhos", "Três Moinhos"),
    ("Vila d'Água", "Vila d'Água"),
    ("Rio Escondido", "Escondido"),
    ("Serra Bonita EC", "Serra Bonita"),
    ("Campo das Pedras", "C. Pedras"),
    ("Praia Longa", "Praia Longa"),
    ("Barra do Norte & Sul", "Barra do Norte"),
    ("Porto dos Ventos", "P. Ventos"),
)
"""As the feeds write a club, and as its match pages do."""

GIVEN: Final = (
    "Aldo", "Björn", "Cédric", "Dario", "Emre", "Fionn", "Gašper", "Hamza", "Ívar", "João", "Kenji", "Lukáš", "Márton",
    "Nuno", "Øyvind", "Piotr", "Quentin", "Renzo", "Søren", "Tomás", "Ulrich", "Víctor", "Wim", "Xabi", "Youssef",
)  # fmt: skip
FAMILY: Final = (
    "O'Brannigan", "Ståhlberg", "D'Amarco", "Quillfeather", "Ñandez", "van der Mook", "Çelikoğlu", "Peralto",
    "Żurawiec",
    "Halvorsund", "Mbeyeka", "Tanizuka", "Grünspecht", "Lacroisette", "Ó Dúlain", "Brankovar", "Ferreirinho", "Kestrel",
    "Sundqvisten", "Abernethyson", "Dubrovan", "Castellmar", "Wintergreen", "Yildizhan", "Zorrillo", "N'Goranba",
    "Eastwickham", "Oakenfield", "Rookwood-Hale", "Tremblaye",
)  # fmt: skip
