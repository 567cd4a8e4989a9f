import type { Sentences } from "./sentences.fr";

const sentences: Sentences = {
  complete: "Alles Nötige wird gemessen.",
  no_voltages: "Die Listen des Zählers enthalten nicht alle drei Spannungen.",
  no_currents: "Die Listen des Zählers enthalten nicht alle drei Ströme.",
  coarse_voltages: "Die Spannungen kommen in Schritten von 1 V, etwa 0,4 %.",
  coarse_currents: "Die Ströme kommen in Schritten von 1 A.",
  assumed_120:
    "Sternspannungen ohne Winkel zeigen die halbe wahre Unsymmetrie: nur ein Hinweis, kein Urteil.",
  u0_from_magnitudes: "Ohne Winkel hebt sich nur eine Unsymmetrie über 3 % von der Rundung ab.",
  no_angles: "Die Winkel zwischen den Spannungen werden nicht gesendet.",
  neutral_fundamental:
    "Aus den Phasen berechnet: dritte Oberschwingungen, die sich im Neutralleiter addieren, bleiben unsichtbar.",
  neutral_equal_pf:
    "Berechnet, als hätten alle Phasen einen Leistungsfaktor und keine Oberschwingungen.",
  no_power_factor: "Weder ein Leistungsfaktor noch Wirkleistung mit Blind- oder Scheinleistung.",
  power_factor_only:
    "Nur der Leistungsfaktor: sein Vorzeichen trennt induktiv, kapazitiv und Einspeisung nicht sicher.",
  nonactive_only:
    "Nur S und P: die Nichtwirkleistung hat kein Vorzeichen und enthält die Verzerrung.",
  reactive_counters: "Nur Zähler der Blindarbeit: Mittelwerte über Minuten, keine Augenblicke.",
  no_reactive: "Weder Blindleistung noch Blindarbeit.",
  displacement_from_pq: "Aus P und Q; ob Q nur die Grundschwingung enthält, sagt der Zähler nicht.",
  no_displacement: "Weder Q noch die Winkel zwischen Strom und Spannung.",
  thd_register: "THD des Zählers in seiner eigenen Bandbreite: Hinweis gegen 8 %.",
  no_thd: "Kein Verzerrungsregister, und Effektivwerte enthalten keine Oberschwingungen.",
  no_harmonics: "Dieser Zähler sendet keine einzelnen Oberschwingungen.",
  energy_by_hold: "Ohne Zählerstand wird die Arbeit aus Leistungswerten summiert.",
  no_energy: "Weder Zählerstand noch Wirkleistung.",
  demand_by_samples: "Aus Leistungswerten: eine Schätzung neben dem Mittelwert des Zählers.",
  demand_too_slow: "Die Listen kommen zu selten, um die laufende Periode vorherzusagen.",
  kpi_without_counter: "Die Arbeit ist geschätzt, da kein Zählerstand kommt.",
  kpi_without_power: "Die mittlere Leistung kommt vom Zählerstand; die Spitze ist unbekannt.",
  whole_only: "Keine Unterzähler: die ganze Last ist ein Rest.",
  no_loads: "Weder Unterzähler noch Wirkleistung.",
  screening_samples:
    "Augenblickswerte alle paar Sekunden: langsame Abweichungen, keine Einbrüche, kein Urteil.",
  screening_slow: "Die Spannungen kommen zu selten für 10-Minuten-Werte: nur Trends.",
  no_events:
    "Ein Einbruch unter zwei Perioden fällt zwischen die Werte, und kein Ereigniszähler kommt.",
  no_instrument:
    "Ein Urteil verlangt ein Gerät der Klasse A oder S (IEC 61000-4-30); ein Zähler ist keines.",
  add_voltages: "Den Netzbetreiber bitten, 32.7.0, 52.7.0 und 72.7.0 in eine Liste aufzunehmen.",
  add_currents: "Den Netzbetreiber bitten, 31.7.0, 51.7.0 und 71.7.0 in eine Liste aufzunehmen.",
  add_angles: "81.7.1 und 81.7.2 verlangen, oder ein Gerät mit verketteten Spannungen ergänzen.",
  add_current_angles: "81.7.4, 81.7.15 und 81.7.26 verlangen, oder P und Q je Phase.",
  add_neutral: "91.7.0 verlangen, oder einen Wandler um den Neutralleiter legen.",
  add_reactive: "3.7.0 und 4.7.0 verlangen, oder die vier Quadranten 5.7.0 bis 8.7.0.",
  add_power: "1.7.0 und 2.7.0 verlangen.",
  add_counter: "1.8.0 (und 2.8.0) jede Minute verlangen.",
  finer_voltages: "Ein Gerät, das 0,1 V sendet, wäre genauer.",
  finer_currents: "Ein Gerät, das 0,01 A sendet, wäre genauer.",
  add_thd: "Nötig ist ein Gerät mit den Registern 12.7.124 und 11.7.124, oder ein Analysator.",
  add_analyser: "Einen Netzqualitäts-Analysator der Klasse A oder S ergänzen.",
  add_sub_meters: "Unterzähler an die Maschinen setzen.",
  faster_list: "Eine Liste alle 60 s oder öfter verlangen.",
};

export default sentences;
