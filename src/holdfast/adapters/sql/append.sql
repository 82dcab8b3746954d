INSERT INTO event (seq, at_us, kind, body, hash) VALUES (?, ?, ?, ?, ?);
