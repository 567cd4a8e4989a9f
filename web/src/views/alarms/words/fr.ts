const fr = {
  active: (count: number) => (count === 1 ? "1 alarme active" : `${count} alarmes actives`),
  cause: "Cause probable",
  check: "Vérifier",
  act: "Agir",
  before: (time: string) => `déjà active à l’ouverture de la page (${time})`,
  since: (time: string) => `depuis ${time}`,
  between: (from: string, to: string) => `apparue entre ${from} et ${to}, pendant une coupure`,
  servers: "Texte du serveur",
  none: "Aucune alarme active.",
  noneSince: (time: string) => `Rien depuis l’ouverture de la page (${time}).`,
  last: (name: string, time: string) => `Dernière : ${name}, terminée à ${time}.`,
  unknown: "Les alarmes ne sont pas encore connues.",
  unknownOf: (meter: string) => `${meter} : pas de donnée, alarmes inconnues.`,
  doubtful: "À confirmer : le compteur ou la liaison ne donne plus de valeur récente.",
  history: "Vu depuis l’ouverture de cette page",
  historyHint: (time: string) => `Depuis ${time}, dans ce navigateur seulement. Se vide quand la page se ferme.`,
  nothing: "Rien n’a changé.",
  raised: "apparue",
  cleared: "disparue",
  link: "liaison",
  how: "Priorités : 1 critique, agir tout de suite ; 2 majeure, agir dans l’équipe ; 3 mineure, à planifier.",
  texts: {
    overload: {
      cause: "La puissance appelée dépasse le seuil réglé : trop de machines en même temps.",
      check: "Quelles machines viennent de démarrer ; la puissance souscrite ; un départ en défaut.",
      act: "Arrêter ou décaler les équipements non critiques, puis surveiller la pointe.",
    },
    power_factor_low: {
      cause: "Trop d’énergie réactive : moteurs peu chargés, batterie de condensateurs en défaut ou coupée.",
      check: "Le relais varmétrique, les fusibles et les gradins de la batterie ; les moteurs à vide.",
      act: "Remettre la batterie en service ou enclencher un gradin ; arrêter les moteurs à vide.",
    },
    voltage_low: {
      cause: "Chute de tension : réseau, transformateur ou câble trop chargé, borne desserrée.",
      check: "La tension des trois phases, la charge de la plus basse, le serrage, la prise du transformateur.",
      act: "Alléger la phase la plus chargée ; si les trois phases baissent, appeler le gestionnaire de réseau.",
    },
    voltage_high: {
      cause: "Réseau peu chargé, surcompensation, injection locale, ou neutre coupé si une phase monte seule.",
      check: "Le neutre d’abord si les phases divergent ; la batterie de condensateurs ; la prise du transformateur.",
      act: "Neutre suspect : couper les récepteurs monophasés. Sinon, retirer des gradins et appeler le gestionnaire de réseau.",
    },
    unbalance: {
      cause: "Charges monophasées mal réparties, une phase manquante, un fusible fondu.",
      check: "Le courant de chaque phase et du neutre, les fusibles, les gros récepteurs monophasés.",
      act: "Déplacer des charges de la phase la plus chargée vers la moins chargée, voir la page Phases.",
    },
    distortion: {
      cause: "Charges non linéaires (variateurs, redresseurs, éclairage LED) ou résonance avec les condensateurs.",
      check: "Quelles machines tournent quand le taux monte ; les selfs anti-harmoniques de la batterie.",
      act: "Couper la batterie sans selfs si elle résonne ; prévoir un filtre et une mesure de classe A.",
    },
  },
};

export type Words = typeof fr;
export default fr;
