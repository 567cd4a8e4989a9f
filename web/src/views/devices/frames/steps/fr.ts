/** The server's sentence and this language's; what is more particular comes first. */
const fr: Record<string, string> = {
  "{} bytes of noise": "{} octets de bruit",
  "HDLC frame from {} to {}, control {}, {} bytes of information, check sequences hold{}":
    "Trame HDLC de {} à {}, contrôle {}, {} octets d’information, sommes de contrôle justes{}",
  ", more segments follow{}": ", d’autres segments suivent{}",
  ": block {}, the last, {} bytes": "\u00a0: bloc {}, le dernier, {} octets",
  ": block {}, {} bytes": "\u00a0: bloc {}, {} octets",
  "refused HDLC frame{}, {} bytes": "trame HDLC refusée{}, {} octets",
  " from {} to {}": " de {} à {}",
  "refused M-Bus frame, {} bytes, SAP {} to {}": "trame M-Bus refusée, {} octets, SAP {} à {}",
  "refused M-Bus frame, {} bytes": "trame M-Bus refusée, {} octets",
  "M-Bus acknowledgement, skipped": "acquittement M-Bus, ignoré",
  "M-Bus short frame, control {}, address {}: the meter polls a sub-meter, skipped":
    "trame M-Bus courte, contrôle {}, adresse {}\u00a0: le compteur interroge un sous-compteur, ignorée",
  "M-Bus long frame, control {}, address {}, CI {}: no DLMS, skipped":
    "trame M-Bus longue, contrôle {}, adresse {}, CI {}\u00a0: pas de DLMS, ignorée",
  "M-Bus long frame: DLMS segment {}, the last, {} bytes, SAP {} to {}":
    "trame M-Bus longue\u00a0: segment DLMS {}, le dernier, {} octets, SAP {} à {}",
  "M-Bus long frame: DLMS segment {}, {} bytes, SAP {} to {}": "trame M-Bus longue\u00a0: segment DLMS {}, {} octets, SAP {} à {}",
  "left over from a refused message": "reste d’un message refusé",
  "ciphered by {}, security control {}, invocation counter {}: {}":
    "chiffré par {}, octet de sécurité {}, compteur d’appels {}\u00a0: {}",
  "decrypted, tag verified": "déchiffré, étiquette vérifiée",
  "in clear, tag verified": "en clair, étiquette vérifiée",
  "decrypted, not authenticated": "déchiffré, non authentifié",
  "in clear, not authenticated": "en clair, non authentifié",
  "decrypted, carries no tag": "déchiffré, sans étiquette",
  "in clear, carries no tag": "en clair, sans étiquette",
  "DataNotification {} without date-time": "DataNotification {} sans date ni heure",
  "DataNotification {} of {}": "DataNotification {} du {}",
  "list {}: {}, {} values, cut short": "liste {}\u00a0: {}, {} valeurs, tronquée",
  "list {}: {}, {} values": "liste {}\u00a0: {}, {} valeurs",
  "push object list": "liste d’objets push",
  "OBIS and value pairs": "paires OBIS et valeur",
  "attribute descriptors and values": "descripteurs d’attribut et valeurs",
  "unnamed, type {}: {}": "sans nom, type {}\u00a0: {}",
  "unnamed: {}": "sans nom\u00a0: {}",
  "an array of {}": "un tableau de {}",
  "a structure of {}": "une structure de {}",
  "a compact array of {}": "un tableau compact de {}",
  "a value of type {}": "une valeur de type {}",
  "identification {}": "identification {}",
  "no check character": "sans caractère de contrôle",
  "check character {} holds": "caractère de contrôle {} juste",
  "CRC {} holds": "CRC {} juste",
  "a data set breaks here; it was left out": "une ligne de données s’arrête ici\u00a0; elle est laissée de côté",
  "{} (no value)": "{} (pas de valeur)",
  "{} (an earlier period)": "{} (période antérieure)",
};

export type Steps = Record<string, string>;
export default fr;
