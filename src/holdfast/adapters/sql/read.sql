SELECT seq, at_us, kind, body, hash FROM event WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?;
