import type { Steps } from "./fr";

const de: Steps = {
  "{} bytes of noise": "{} Bytes Störung",
  "HDLC frame from {} to {}, control {}, {} bytes of information, check sequences hold{}":
    "HDLC-Rahmen von {} an {}, Steuerfeld {}, {} Bytes Information, Prüfsummen richtig{}",
  ", more segments follow{}": ", weitere Segmente folgen{}",
  ": block {}, the last, {} bytes": ": Block {}, der letzte, {} Bytes",
  ": block {}, {} bytes": ": Block {}, {} Bytes",
  "refused HDLC frame{}, {} bytes": "abgelehnter HDLC-Rahmen{}, {} Bytes",
  " from {} to {}": " von {} an {}",
  "refused M-Bus frame, {} bytes, SAP {} to {}": "abgelehnter M-Bus-Rahmen, {} Bytes, SAP {} an {}",
  "refused M-Bus frame, {} bytes": "abgelehnter M-Bus-Rahmen, {} Bytes",
  "M-Bus acknowledgement, skipped": "M-Bus-Quittung, übergangen",
  "M-Bus short frame, control {}, address {}: the meter polls a sub-meter, skipped":
    "kurzer M-Bus-Rahmen, Steuerfeld {}, Adresse {}: Der Zähler fragt einen Unterzähler ab, übergangen",
  "M-Bus long frame, control {}, address {}, CI {}: no DLMS, skipped":
    "langer M-Bus-Rahmen, Steuerfeld {}, Adresse {}, CI {}: kein DLMS, übergangen",
  "M-Bus long frame: DLMS segment {}, the last, {} bytes, SAP {} to {}":
    "langer M-Bus-Rahmen: DLMS-Segment {}, das letzte, {} Bytes, SAP {} an {}",
  "M-Bus long frame: DLMS segment {}, {} bytes, SAP {} to {}": "langer M-Bus-Rahmen: DLMS-Segment {}, {} Bytes, SAP {} an {}",
  "left over from a refused message": "Rest einer abgelehnten Nachricht",
  "ciphered by {}, security control {}, invocation counter {}: {}":
    "verschlüsselt von {}, Sicherheitsbyte {}, Aufrufzähler {}: {}",
  "decrypted, tag verified": "entschlüsselt, Prüfmarke richtig",
  "in clear, tag verified": "unverschlüsselt, Prüfmarke richtig",
  "decrypted, not authenticated": "entschlüsselt, nicht authentifiziert",
  "in clear, not authenticated": "unverschlüsselt, nicht authentifiziert",
  "decrypted, carries no tag": "entschlüsselt, ohne Prüfmarke",
  "in clear, carries no tag": "unverschlüsselt, ohne Prüfmarke",
  "DataNotification {} without date-time": "DataNotification {} ohne Datum und Uhrzeit",
  "DataNotification {} of {}": "DataNotification {} vom {}",
  "list {}: {}, {} values, cut short": "Liste {}: {}, {} Werte, abgeschnitten",
  "list {}: {}, {} values": "Liste {}: {}, {} Werte",
  "push object list": "Push-Objektliste",
  "OBIS and value pairs": "Paare aus OBIS und Wert",
  "attribute descriptors and values": "Attributbeschreibungen und Werte",
  "unnamed, type {}: {}": "ohne Namen, Typ {}: {}",
  "unnamed: {}": "ohne Namen: {}",
  "an array of {}": "ein Feld von {}",
  "a structure of {}": "eine Struktur von {}",
  "a compact array of {}": "ein kompaktes Feld von {}",
  "a value of type {}": "ein Wert vom Typ {}",
  "identification {}": "Kennung {}",
  "no check character": "ohne Prüfzeichen",
  "check character {} holds": "Prüfzeichen {} richtig",
  "CRC {} holds": "CRC {} richtig",
  "a data set breaks here; it was left out": "Eine Datenzeile bricht hier ab; sie bleibt außen vor",
  "{} (no value)": "{} (kein Wert)",
  "{} (an earlier period)": "{} (früherer Zeitraum)",
};

export default de;
