// Why an analysis is possible, partial or impossible, and what would help, in French. The server
// says the same in English under the same codes.

const sentences = {
  complete: "Tout ce qu’il faut est mesuré.",
  no_voltages: "Les listes du compteur ne portent pas les trois tensions.",
  no_currents: "Les listes du compteur ne portent pas les trois courants.",
  coarse_voltages: "Les tensions arrivent par pas de 1 V, soit environ 0,4 %.",
  coarse_currents: "Les courants arrivent par pas de 1 A.",
  assumed_120:
    "Les tensions simples sans angles donnent la moitié du déséquilibre vrai : indication seulement, pas de verdict.",
  u0_from_magnitudes: "Sans angles, seul un déséquilibre de plus de 3 % se distingue de l’arrondi.",
  no_angles: "Les angles entre tensions ne sont pas envoyés.",
  neutral_fundamental:
    "Calculé à partir des phases : les harmoniques de rang 3, qui s’ajoutent dans le neutre, restent invisibles.",
  neutral_equal_pf:
    "Calculé comme si les phases avaient le même facteur de puissance, sans harmoniques.",
  no_power_factor: "Ni facteur de puissance, ni puissance active avec réactive ou apparente.",
  power_factor_only:
    "Seul le facteur de puissance est envoyé : son signe ne distingue pas sûrement avance, retard et injection.",
  nonactive_only:
    "Seules S et P sont envoyées : la puissance non active n’a pas de signe et contient la distorsion.",
  reactive_counters:
    "Seuls des compteurs d’énergie réactive : des moyennes sur des minutes, pas des instants.",
  no_reactive: "Ni puissance réactive ni énergie réactive.",
  displacement_from_pq:
    "À partir de P et Q ; le compteur ne dit pas si Q ne porte que le fondamental.",
  no_displacement: "Ni Q ni les angles entre courant et tension.",
  thd_register: "Le THD du compteur, dans sa propre bande : indication par rapport à 8 %.",
  no_thd:
    "Aucun registre de distorsion, et des valeurs efficaces ne contiennent pas d’harmoniques.",
  no_harmonics: "Ce compteur n’envoie pas les harmoniques par rang.",
  energy_by_hold: "Sans compteur d’énergie, l’énergie est sommée à partir des puissances.",
  no_energy: "Ni compteur d’énergie ni puissance active.",
  demand_by_samples: "À partir d’échantillons : une estimation à côté de la moyenne du compteur.",
  demand_too_slow: "Les listes arrivent trop rarement pour prévoir la période en cours.",
  kpi_without_counter: "L’énergie est une estimation, faute de compteur.",
  kpi_without_power: "La puissance moyenne vient du compteur ; la pointe est inconnue.",
  whole_only: "Pas de sous-compteurs : toute la charge est un reste.",
  no_loads: "Ni sous-compteurs ni puissance active.",
  screening_samples:
    "Tensions instantanées toutes les quelques secondes : dérives lentes, ni creux ni verdict.",
  screening_slow:
    "Les tensions arrivent trop rarement pour une estimation sur 10 minutes : tendances seulement.",
  no_events:
    "Un creux de moins de deux périodes tombe entre les échantillons, et aucun compteur d’événements n’est envoyé.",
  no_instrument:
    "Un verdict exige un instrument de classe A ou S (IEC 61000-4-30) ; un compteur n’en est pas un.",
  add_voltages:
    "Demander au gestionnaire de réseau d’ajouter 32.7.0, 52.7.0 et 72.7.0 à une liste.",
  add_currents:
    "Demander au gestionnaire de réseau d’ajouter 31.7.0, 51.7.0 et 71.7.0 à une liste.",
  add_angles: "Demander 81.7.1 et 81.7.2, ou ajouter un appareil donnant les tensions composées.",
  add_current_angles: "Demander 81.7.4, 81.7.15 et 81.7.26, ou P et Q par phase.",
  add_neutral: "Demander 91.7.0, ou poser un capteur sur le neutre.",
  add_reactive: "Demander 3.7.0 et 4.7.0, ou les quatre quadrants 5.7.0 à 8.7.0.",
  add_power: "Demander 1.7.0 et 2.7.0.",
  add_counter: "Demander 1.8.0 (et 2.8.0) chaque minute.",
  finer_voltages: "Un appareil qui envoie 0,1 V ferait mieux.",
  finer_currents: "Un appareil qui envoie 0,01 A ferait mieux.",
  add_thd: "Il faut un appareil avec les registres 12.7.124 et 11.7.124, ou un analyseur.",
  add_analyser: "Ajouter un analyseur de qualité de classe A ou S.",
  add_sub_meters: "Poser des sous-compteurs sur les machines.",
  faster_list: "Demander une liste toutes les 60 s ou plus souvent.",
};

export type Sentences = typeof sentences;
export default sentences;
