-- As in ../partitioned, where the reasons are, without partitions and in the SQL that CockroachDB and YugabyteDB share
-- with PostgreSQL. The primary keys begin with the kid: expired rows are a range, deleted in batches.

create table vault_sessions (
	kid     integer not null,
	id      uuid    not null,
	suite   bigint  not null,
	expires bigint  not null,
	enc     bytea   not null,
	primary key (kid, id)
);

create table vault_records (
	expires bigint  not null,
	session uuid,
	kid     integer not null,
	token   text    not null,
	scope   text    not null,
	sealed  bytea,
	primary key (kid, token)
);

create table vault_tallies (
	kid        integer not null,
	slot       integer not null,
	records    bigint  not null,
	tombstones bigint  not null,
	first      bigint  not null,
	last       bigint  not null,
	primary key (kid, slot)
);
