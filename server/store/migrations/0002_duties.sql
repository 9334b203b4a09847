-- Lists by person, team, state and day without reading every audit; what somebody has to do.
-- The projections keep the audit's reference with each row: it never changes, and indexes that end
-- with it give pages in the lists' order.

ALTER TABLE summaries ADD COLUMN ref TEXT NOT NULL DEFAULT '';
ALTER TABLE summaries ADD COLUMN planned TEXT NOT NULL DEFAULT '';
ALTER TABLE summaries ADD COLUMN way_in TEXT NOT NULL DEFAULT '';
ALTER TABLE summaries ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE summaries ADD COLUMN moderator INTEGER NOT NULL DEFAULT 0;
ALTER TABLE summaries ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;
ALTER TABLE summaries ADD COLUMN since_utc_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE summaries ADD COLUMN overall TEXT NOT NULL DEFAULT '';
ALTER TABLE summaries ADD COLUMN weak INTEGER NOT NULL DEFAULT 0;
ALTER TABLE summaries ADD COLUMN returns INTEGER NOT NULL DEFAULT 0;
ALTER TABLE summaries ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE summaries ADD COLUMN glass_until_utc_ms INTEGER NOT NULL DEFAULT 0;
UPDATE summaries SET ref = (SELECT a.ref FROM audits a WHERE a.audit = summaries.audit);
CREATE INDEX summaries_by_team ON summaries (team, ref);
CREATE INDEX summaries_by_state ON summaries (state, ref);
CREATE INDEX summaries_planned ON summaries (planned, ref) WHERE state = 1 AND planned > '';
CREATE INDEX summaries_by_source ON summaries (source, ref) WHERE source > '';
CREATE INDEX summaries_by_glass ON summaries (glass_until_utc_ms, ref)
    WHERE glass_until_utc_ms > 0;

ALTER TABLE members ADD COLUMN ref TEXT NOT NULL DEFAULT '';
UPDATE members SET ref = (SELECT a.ref FROM audits a WHERE a.audit = members.audit);
CREATE INDEX members_by_person ON members (person, ref);

-- A projection: n counts an audit's duties from 0. due '~': no day, sorts after every day. person 0:
-- whoever has the role for the team.
CREATE TABLE duties (
    audit INTEGER NOT NULL REFERENCES audits,
    n INTEGER NOT NULL,
    ref TEXT NOT NULL,
    team TEXT NOT NULL,
    kind TEXT NOT NULL,
    person INTEGER NOT NULL,
    role INTEGER NOT NULL,
    due TEXT NOT NULL,
    first_due TEXT NOT NULL,
    since TEXT NOT NULL,
    question INTEGER NOT NULL,
    item INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (audit, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX duties_by_person ON duties (person, due, ref, n) WHERE person > 0;
CREATE INDEX duties_by_role ON duties (role, due, ref, n) WHERE person = 0;
CREATE INDEX duties_by_role_and_team ON duties (role, team, due, ref, n) WHERE person = 0;
CREATE INDEX duties_by_team ON duties (team, due, ref, n);
CREATE INDEX duties_by_due ON duties (due, ref, n);

CREATE INDEX read_log_by_person ON read_log (person, utc_ms);

-- Which versions of the program's own summaries and of the rules made the projections (summary.h,
-- rebuild.h); others make them again.
CREATE TABLE projected (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    summaries INTEGER NOT NULL,
    rules INTEGER NOT NULL
) STRICT;
INSERT INTO projected VALUES (1, 0, 0);
