-- Schema 2: sealed hours and days beside the rows. `sample` holds the head: what is not sealed yet.
-- Layouts of every blob: docs/decisions/0004-store-blocks.md. Times are µs since 1970 in UTC.

-- Sealed rows of one list. `span` is 0 for an hour of measurement, 1 for a day. Blocks of one list
-- and day hold different rows, in the order of measured_at and turn.
CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    list INTEGER NOT NULL REFERENCES list (id),
    span INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL,
    received INTEGER NOT NULL,
    layout BLOB NOT NULL
) STRICT;

CREATE INDEX block_time ON block (list, since);
CREATE INDEX block_ids ON block (last_id, first_id);
CREATE INDEX block_age ON block (received);
CREATE INDEX block_hours ON block (list, since) WHERE span = 0;

-- A column of a block: id = block × 2^20 + number. 0 times, 1 ids, 2 arrivals, 3 turns, qualities
-- and shapes, 4 meter clocks, 8 + n the slot n.
CREATE TABLE piece (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

-- Least, greatest, sum and count of a quantity in a block and in its quarters of an hour:
-- id = block × 2^20 + the first channel of that quantity.
CREATE TABLE summary (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

-- Days whose sealed rows were given up, wholly or in part. `received` is their last arrival;
-- `minutes` says whether summaries by the minute are kept.
CREATE TABLE rolled (
    list INTEGER NOT NULL REFERENCES list (id),
    day INTEGER NOT NULL,
    received INTEGER NOT NULL,
    minutes INTEGER NOT NULL,
    PRIMARY KEY (list, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX rolled_age ON rolled (minutes, received);

-- What is left of those rows: id = (((list × 2^24 + day + 2^23) × 2 + unit) × 2^17) + the first
-- channel of the quantity; unit 0 quarters of an hour, 1 minutes.
CREATE TABLE rollup (
    id INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;
