-- The newest two stay: the older one is the way out when the newer one is damaged.
DELETE FROM snapshot WHERE seq NOT IN (SELECT seq FROM snapshot ORDER BY seq DESC LIMIT 2);
