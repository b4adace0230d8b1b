create index vault_tombstones on vault_records (kid, token) where sealed is null;
