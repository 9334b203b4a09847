-- Times are UTC milliseconds. An audit's log (events) is the truth about it; summaries and members
-- are projections that can be made again from it, snapshots only spare folding from the start.

-- What has been given away for good: numbers, references, agent numbers.
CREATE TABLE audits (
    audit INTEGER PRIMARY KEY,
    ref TEXT NOT NULL UNIQUE,
    next_agent INTEGER NOT NULL
) STRICT;

CREATE TABLE ref_counters (
    template_id TEXT NOT NULL,
    year INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (template_id, year)
) STRICT, WITHOUT ROWID;

-- The logs. hash chains each event to the one before (seal_chain). No foreign key: the store has
-- looked the audit up already, and this is the one table that is written per keystroke. body comes
-- last so that a look at the other columns never touches overflow pages.
CREATE TABLE events (
    audit INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    utc_ms INTEGER NOT NULL,
    actor INTEGER NOT NULL,
    hash BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (audit, seq)
) STRICT, WITHOUT ROWID;

-- One row per commit that appended events: which audits got new heads (site_chain.h), chained.
CREATE TABLE commits (
    n INTEGER PRIMARY KEY,
    heads BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- nth counts an audit's snapshots from 1.
CREATE TABLE snapshots (
    audit INTEGER NOT NULL REFERENCES audits,
    seq INTEGER NOT NULL,
    nth INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (audit, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE summaries (
    audit INTEGER PRIMARY KEY REFERENCES audits,
    template_id TEXT NOT NULL,
    template_version INTEGER NOT NULL,
    team TEXT NOT NULL,
    carer_ref TEXT NOT NULL,
    period_from TEXT NOT NULL,
    period_to TEXT NOT NULL,
    state INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    required INTEGER NOT NULL,
    open_comments INTEGER NOT NULL,
    max_agent INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
    audit INTEGER NOT NULL REFERENCES audits,
    person INTEGER NOT NULL,
    role INTEGER NOT NULL,
    sections TEXT NOT NULL,
    PRIMARY KEY (audit, person)
) STRICT, WITHOUT ROWID;

-- Who has read what; audit 0: no audit in particular.
CREATE TABLE read_log (
    id INTEGER PRIMARY KEY,
    audit INTEGER NOT NULL,
    utc_ms INTEGER NOT NULL,
    person INTEGER NOT NULL,
    what TEXT NOT NULL
) STRICT;
CREATE INDEX read_log_by_audit ON read_log (audit, utc_ms);

CREATE TABLE people (
    person INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    created_utc_ms INTEGER NOT NULL,
    revoked INTEGER NOT NULL,
    revoked_utc_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX people_by_name ON people (name) WHERE revoked = 0;

CREATE TABLE person_roles (
    person INTEGER NOT NULL REFERENCES people,
    pos INTEGER NOT NULL,
    role INTEGER NOT NULL,
    team TEXT NOT NULL,
    PRIMARY KEY (person, pos)
) STRICT, WITHOUT ROWID;

CREATE TABLE certs (
    serial BLOB PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES people,
    not_after_utc_ms INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX certs_by_person ON certs (person);

CREATE TABLE codes (
    secret_hash BLOB PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES people,
    ends_utc_ms INTEGER NOT NULL,
    used INTEGER NOT NULL,
    revoked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_by_person ON codes (person);

CREATE TABLE templates (
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
