SELECT seq, hash, state, digest FROM snapshot ORDER BY seq DESC;
