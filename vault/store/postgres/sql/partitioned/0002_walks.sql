-- Tombstones are found among any number of records, rows that expire before their kid does among those that do not. The
-- second costs next to nothing when a row is stored.
create index vault_tombstones on vault_records (kid, token) where sealed is null;
create index vault_expiries on vault_records using brin (expires);
