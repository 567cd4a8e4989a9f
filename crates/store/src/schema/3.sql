-- Schema 3: the journal of each meter beside its readings. Times are µs since 1970 in UTC.

-- One event, once. `kind` and `cause` are the words of `/api/v1`; `of_link` is 1 for what the link
-- did, which is bounded on its own.
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    meter INTEGER NOT NULL REFERENCES meter (id),
    kind TEXT NOT NULL,
    of_link INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    noted_at INTEGER NOT NULL,
    list TEXT,
    cause TEXT,
    reason TEXT
) STRICT;

CREATE INDEX journal_meter ON journal (meter, of_link, id);

-- What an event changed, in the order told.
CREATE TABLE journal_change (
    entry INTEGER NOT NULL REFERENCES journal (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    what TEXT NOT NULL,
    before TEXT,
    after TEXT,
    unit TEXT,
    PRIMARY KEY (entry, place)
) STRICT, WITHOUT ROWID;

-- What whoever recognises events remembers between two telegrams, under a name of its own.
CREATE TABLE journal_state (
    name TEXT PRIMARY KEY,
    state TEXT NOT NULL
) STRICT, WITHOUT ROWID;
