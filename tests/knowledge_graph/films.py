"""Made-up films, their directors and the towns these were born in: a question over two passages needs a chain."""

FILMS = {
    "Silver Tide": "Silver Tide is a drama of 1987. Silver Tide was directed by Oona Kestrel on an island.",
    "Oona Kestrel": "Oona Kestrel grew up by the sea. She was born in Varnholm and studied painting.",
    "Glass Orchard": "Glass Orchard is a comedy of 1991. Glass Orchard was directed by Bruno Halvard in one summer.",
    "Bruno Halvard": "Bruno Halvard made eleven films. He was born in Estmere and worked as a baker.",
    "Paper Lanterns": "Paper Lanterns is a thriller of 2003. Paper Lanterns was directed by Ines Quarry for a prize.",
    "Ines Quarry": "Ines Quarry taught at a school. She was born in Lomsby and lives there.",
    "Night Ferry": "Night Ferry is a film about the director of a shipping line. Where it was shot is unknown.",
    "Varnholm": "Varnholm is a harbour town of nine thousand people. A lighthouse stands on its pier.",
    "Estmere": "Estmere is a market town known for cheese. The railway came in 1871.",
    "Lomsby": "Lomsby is a village in the hills. It has one church and two wells.",
    "Film awards": "The director of the best film gets a prize in the town hall every spring.",
    "Birthplaces": "A director of a film is often asked in which town he or she was born.",
    "Fishing": "The tide is high twice a day in the town, and silver fish come in with it.",
    "Directing": "To direct a film takes patience. Many a director was born for it in a small town.",
}
