-- Times are Unix seconds, kids are numbers as in the token's 5 letters, base 20.

create table vault_sessions (
	kid     integer not null,
	id      uuid    not null,
	suite   bigint  not null,
	expires bigint  not null,
	enc     bytea   not null,
	primary key (kid, id)
);

-- A token has one row: a record, or a tombstone, whose sealed is null. One unique key decides every race between whoever
-- stores a token and whoever erases it.
--
-- A partition is a kid, that is a scope's epoch, whose rows all expire together. By the time of expiry itself it could
-- not be: PostgreSQL's unique keys hold the partition key, and one token with two expiries would be two rows.
create table vault_records (
	expires bigint  not null,
	session uuid,
	kid     integer not null,
	token   text    collate "C" not null,
	scope   text    not null,
	sealed  bytea,
	primary key (kid, token)
) partition by list (kid);

alter table vault_records alter column sealed set storage external; -- ciphertext does not compress

-- What is stored under a kid is the sum of its slots, and expires between the least first and the greatest last.
-- Writers under way use different slots, so that they need not wait for each other's commit.
create table vault_tallies (
	kid        integer not null,
	slot       integer not null,
	records    bigint  not null,
	tombstones bigint  not null,
	first      bigint  not null,
	last       bigint  not null,
	primary key (kid, slot)
) with (fillfactor = 50);
