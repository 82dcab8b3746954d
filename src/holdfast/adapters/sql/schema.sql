-- A journal of one account. `event` is append-only; its hash chain is described in model/chain.py.
CREATE TABLE event (
    seq   INTEGER PRIMARY KEY,
    at_us INTEGER NOT NULL,
    kind  TEXT    NOT NULL,
    body  BLOB    NOT NULL,
    hash  BLOB    NOT NULL
) STRICT;

-- The state at a position of the journal. `digest` is the SHA-256 of `state`: a damaged snapshot is not used.
CREATE TABLE snapshot (
    seq    INTEGER PRIMARY KEY,
    hash   BLOB NOT NULL,
    state  BLOB NOT NULL,
    digest BLOB NOT NULL
) STRICT;

-- One row, rewritten at every opening: that forces the grown write-ahead log to the disk.
CREATE TABLE opened (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    times INTEGER NOT NULL
) STRICT;

INSERT INTO opened (id, times) VALUES (1, 0);
