PRAGMA application_id = 0x54726970;
PRAGMA user_version = 1;
-- Schema 1: every telegram as one row.
-- Times are microseconds since 1970-01-01T00:00:00Z. `readings` and `meter_time` are laid out in
-- docs/decisions/0002-store-first-form.md.

CREATE TABLE meter (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE list (
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL REFERENCES meter (id),
    name TEXT NOT NULL,
    UNIQUE (meter, name)
) STRICT;

-- What a value is. `quantity` is the catalogue's name, NULL for a register outside it; `obis` is
-- NULL for values without a register; `unit` is the symbol, empty for a pure number, NULL when
-- unknown.
CREATE TABLE channel (
    id INTEGER PRIMARY KEY,
    quantity TEXT,
    obis TEXT,
    unit TEXT
) STRICT;

-- `turn` is 0 but for telegrams of one meter, list and time that differ in their values.
CREATE TABLE sample (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    list INTEGER NOT NULL REFERENCES list (id),
    measured_at INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    meter_time BLOB,
    quality INTEGER NOT NULL,
    readings BLOB NOT NULL
) STRICT;

CREATE UNIQUE INDEX sample_key ON sample (list, measured_at, turn);

CREATE TABLE memory (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- For whoever looks with the sqlite3 shell.
CREATE VIEW telegram AS
SELECT
    sample.id,
    meter.name AS meter,
    list.name AS list,
    strftime('%Y-%m-%dT%H:%M:%f', sample.measured_at / 1e6, 'unixepoch') AS measured_at,
    strftime('%Y-%m-%dT%H:%M:%f', sample.received_at / 1e6, 'unixepoch') AS received_at,
    CASE sample.quality WHEN 0 THEN 'good' WHEN 1 THEN 'suspect' ELSE 'bad' END AS quality,
    hex(sample.readings) AS readings
FROM sample
JOIN list ON list.id = sample.list
JOIN meter ON meter.id = list.meter;
INSERT INTO meter VALUES (1, 'general');
INSERT INTO list VALUES (1, 1, 'push');
INSERT INTO channel VALUES (1, NULL, '0-0:199.128.0*255', NULL);
INSERT INTO channel VALUES (2, 'voltage_l1', '1-0:32.7.0*255', 'V');
INSERT INTO channel VALUES (3, 'power_factor', '1-0:13.7.0*255', '');
INSERT INTO sample VALUES (
    41, 1, 1777887561000000, 0, 1777887561250000, x'07EA05040B271506FF8880', 1,
    x'018002C3A9020EEA24033FECC301'
);
INSERT INTO memory VALUES ('invocation_counter/4C475A6773709A01', 4711);
