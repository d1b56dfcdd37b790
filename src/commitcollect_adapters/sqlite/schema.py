"""The tables of the SQLite file. Columns carry the names of the item catalogue; times are epoch seconds.

A file tells its layout: how many of `LAYOUTS` were run on it. Opening an older one runs the missing ones, so
a script that was released never changes: what is new goes into a script of its own at the end.
"""

from __future__ import annotations

from attrs import frozen

APPLICATION_ID = 0x434F4C43
"""Marks a SQLite file as ours ("COLC")."""

_LEDGER = """
CREATE TABLE ledgerHead (
    userId TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    activeMilestoneIds TEXT NOT NULL,
    workoutCount INTEGER NOT NULL,
    fencedAtUtc INTEGER
) WITHOUT ROWID;

CREATE TABLE workout (
    userId TEXT NOT NULL,
    source TEXT NOT NULL,
    activityId TEXT NOT NULL,
    version INTEGER NOT NULL,
    sportType TEXT NOT NULL,
    startDateUtc INTEGER NOT NULL,
    distanceMeters INTEGER NOT NULL,
    total_elevation_gain INTEGER NOT NULL,
    movingTimeSeconds INTEGER NOT NULL,
    elapsedTimeSeconds INTEGER NOT NULL,
    activityName TEXT NOT NULL,
    utcOffsetSeconds INTEGER,
    isFlagged INTEGER NOT NULL,
    fetchedAtUtc INTEGER NOT NULL,
    deletedAtUtc INTEGER,
    PRIMARY KEY (userId, source, activityId)
) WITHOUT ROWID;
CREATE INDEX workoutByStart ON workout (userId, startDateUtc, source, activityId);

CREATE TABLE milestone (
    userId TEXT NOT NULL,
    milestoneId TEXT NOT NULL,
    version INTEGER NOT NULL,
    modelId TEXT NOT NULL,
    sport TEXT NOT NULL,
    targetType TEXT NOT NULL,
    totalTarget INTEGER NOT NULL,
    partsTotal INTEGER NOT NULL,
    periodStartAtUtc INTEGER NOT NULL,
    periodEndAtUtc INTEGER,
    currentValue INTEGER NOT NULL,
    progressValue INTEGER NOT NULL,
    partsAwardedCount INTEGER NOT NULL,
    owedSource TEXT,
    owedActivityId TEXT,
    owedEarnedAtUtc INTEGER,
    owedProgressValue INTEGER,
    createdAtUtc INTEGER NOT NULL,
    updatedAtUtc INTEGER NOT NULL,
    progressUpdatedAtUtc INTEGER,
    lastAwardedAtUtc INTEGER,
    completedAtUtc INTEGER,
    PRIMARY KEY (userId, milestoneId)
) WITHOUT ROWID;

CREATE TABLE award (
    userId TEXT NOT NULL,
    milestoneId TEXT NOT NULL,
    partIndex INTEGER NOT NULL,
    modelId TEXT NOT NULL,
    partName TEXT NOT NULL,
    meshFile TEXT NOT NULL,
    attachPoint TEXT NOT NULL,
    progressValueAtAward INTEGER NOT NULL,
    awardedAtUtc INTEGER NOT NULL,
    earnedAtUtc INTEGER NOT NULL,
    source TEXT NOT NULL,
    activityId TEXT NOT NULL,
    PRIMARY KEY (userId, milestoneId, partIndex)
) WITHOUT ROWID;
"""

_SERVICE = """
CREATE TABLE profile (
    userId TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    createdAtUtc INTEGER NOT NULL,
    email TEXT NOT NULL,
    displayName TEXT NOT NULL,
    plan TEXT NOT NULL,
    role TEXT NOT NULL,
    timeZone TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE session (
    sessionId TEXT PRIMARY KEY,
    userId TEXT NOT NULL,
    createdAtUtc INTEGER NOT NULL,
    lastSeenAtUtc INTEGER NOT NULL,
    expiresAtUtc INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessionByUser ON session (userId, createdAtUtc, sessionId);
CREATE INDEX sessionByExpiry ON session (expiresAtUtc);

CREATE TABLE handshake (
    state TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    userId TEXT,
    createdAtUtc INTEGER NOT NULL,
    expiresAtUtc INTEGER NOT NULL,
    binding TEXT NOT NULL,
    details TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX handshakeByExpiry ON handshake (expiresAtUtc);

CREATE TABLE deletion (
    requestId TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    userId TEXT NOT NULL,
    stepsDone TEXT NOT NULL,
    identifiers TEXT NOT NULL,
    requestedAtUtc INTEGER NOT NULL,
    completedAtUtc INTEGER,
    receipt TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE stravaConnection (
    userId TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    athleteId TEXT NOT NULL,
    accessToken TEXT NOT NULL,
    refreshToken TEXT NOT NULL,
    expiresAtUtc INTEGER NOT NULL,
    scope TEXT NOT NULL,
    status TEXT NOT NULL,
    refreshLeaseToken TEXT,
    refreshLeaseUntilUtc INTEGER,
    updatedAtUtc INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE athleteOwner (
    athleteId TEXT PRIMARY KEY,
    userId TEXT NOT NULL,
    updatedAtUtc INTEGER
) WITHOUT ROWID;

CREATE TABLE backfill (
    userId TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    phase TEXT NOT NULL,
    afterUtc INTEGER,
    beforeUtc INTEGER,
    pagesStaged INTEGER NOT NULL,
    pagesListed INTEGER NOT NULL,
    activitiesListed INTEGER NOT NULL,
    activitiesRejected INTEGER NOT NULL,
    workoutsChanged INTEGER NOT NULL,
    startedAtUtc INTEGER NOT NULL,
    updatedAtUtc INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE stagedPage (
    userId TEXT NOT NULL,
    number INTEGER NOT NULL,
    listedAtUtc INTEGER NOT NULL,
    activities TEXT NOT NULL,
    PRIMARY KEY (userId, number)
);

CREATE TABLE rateBudget (
    scope TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    windowLimit INTEGER NOT NULL,
    dayLimit INTEGER NOT NULL,
    windowAtUtc INTEGER,
    windowUsed INTEGER NOT NULL,
    dayAtUtc INTEGER,
    dayUsed INTEGER NOT NULL,
    pausedUntilUtc INTEGER,
    pauseReason TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE idempotency (
    requestId TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    expiresAtUtc INTEGER NOT NULL,
    ownerToken TEXT NOT NULL,
    bodyDigest TEXT NOT NULL,
    leaseUntilUtc INTEGER,
    answer TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotencyByExpiry ON idempotency (expiresAtUtc);

CREATE TABLE audit (
    userId TEXT NOT NULL,
    occurredAtUtc INTEGER NOT NULL,
    requestId TEXT NOT NULL,
    month TEXT NOT NULL,
    eventType TEXT NOT NULL,
    eventVersion INTEGER NOT NULL,
    correlationId TEXT NOT NULL,
    actor TEXT NOT NULL,
    result TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    origin TEXT NOT NULL,
    ipHash TEXT NOT NULL,
    userAgent TEXT NOT NULL,
    data TEXT NOT NULL,
    metrics TEXT NOT NULL,
    PRIMARY KEY (userId, occurredAtUtc, requestId)
) WITHOUT ROWID;
CREATE INDEX auditByFlow ON audit (correlationId, occurredAtUtc, requestId, userId);
CREATE INDEX auditByType ON audit (eventType, month, occurredAtUtc, requestId, userId);
CREATE INDEX auditByTime ON audit (occurredAtUtc);

CREATE TABLE statueModel (
    modelId TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    year INTEGER,
    isActive INTEGER NOT NULL,
    partsTotal INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE statuePart (
    modelId TEXT NOT NULL,
    partIndex INTEGER NOT NULL,
    partName TEXT NOT NULL,
    meshFile TEXT NOT NULL,
    attachPoint TEXT NOT NULL,
    PRIMARY KEY (modelId, partIndex)
) WITHOUT ROWID;
"""

_QUEUE = """
CREATE TABLE job (
    jobKey TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    athleteId TEXT NOT NULL,
    activityId TEXT,
    requestIds TEXT NOT NULL,
    enqueuedAtUtc INTEGER NOT NULL,
    dueAtUtc INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    renewedRequestIds TEXT,
    renewedEnqueuedAtUtc INTEGER,
    renewedDueAtUtc INTEGER,
    leaseToken TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX jobByDueTime ON job (dueAtUtc, jobKey);

CREATE TABLE parkedJob (
    jobKey TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    athleteId TEXT NOT NULL,
    activityId TEXT,
    requestIds TEXT NOT NULL,
    enqueuedAtUtc INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    parkedAtUtc INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX parkedJobByTime ON parkedJob (parkedAtUtc, jobKey);
"""

_OLD_SUBJECT = """CASE WHEN activityId IS NULL THEN json_object('athleteId', athleteId)
        ELSE json_object('athleteId', athleteId, 'activityId', activityId) END"""


_OLD_EVENTS = """(SELECT json_group_array(json_array(value, CAST(substr(value, -27, 10) AS INTEGER)))
        FROM json_each('["' || replace({ids}, ',', '","') || '"]') WHERE value != '')"""
"""Events of the layout before: ids joined by commas; each ends with the second of its event and 17 more."""

_GENERAL_JOBS = f"""
CREATE TABLE generalJob (
    jobKey TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    events TEXT NOT NULL,
    enqueuedAtUtc INTEGER NOT NULL,
    dueAtUtc INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    renewedEvents TEXT,
    renewedEnqueuedAtUtc INTEGER,
    renewedDueAtUtc INTEGER,
    leaseToken TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO generalJob SELECT
    'strava/' || jobKey, 'strava/' || lower(kind), {_OLD_SUBJECT}, {_OLD_EVENTS.format(ids="requestIds")},
    enqueuedAtUtc, dueAtUtc, attempts,
    CASE WHEN renewedRequestIds IS NOT NULL THEN {_OLD_EVENTS.format(ids="renewedRequestIds")} END,
    renewedEnqueuedAtUtc, renewedDueAtUtc, leaseToken
FROM job;
DROP TABLE job;
ALTER TABLE generalJob RENAME TO job;
CREATE INDEX jobByDueTime ON job (dueAtUtc, jobKey);

CREATE TABLE generalParkedJob (
    jobKey TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    events TEXT NOT NULL,
    enqueuedAtUtc INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    parkedAtUtc INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO generalParkedJob SELECT
    'strava/' || jobKey, 'strava/' || lower(kind), {_OLD_SUBJECT}, {_OLD_EVENTS.format(ids="requestIds")},
    enqueuedAtUtc, attempts, reason, parkedAtUtc
FROM parkedJob;
DROP TABLE parkedJob;
ALTER TABLE generalParkedJob RENAME TO parkedJob;
CREATE INDEX parkedJobByTime ON parkedJob (parkedAtUtc, jobKey);
"""  # noqa: S608 - our own columns
"""Jobs of any kind: those of Strava, which were all there were, get a kind, a subject and times of events."""

_MESHES = """
ALTER TABLE award ADD COLUMN meshSha256 TEXT;
ALTER TABLE statuePart ADD COLUMN meshSha256 TEXT;
"""

_BACKFILL_REPORT = """
ALTER TABLE backfill ADD COLUMN activitiesHidden INTEGER NOT NULL DEFAULT 0;
ALTER TABLE backfill ADD COLUMN rejections TEXT NOT NULL DEFAULT '[]';
"""

_STAGES = """
ALTER TABLE statueModel ADD COLUMN stage TEXT;
ALTER TABLE statueModel ADD COLUMN version INTEGER;
"""

_UNTRACKED = """
ALTER TABLE ledgerHead ADD COLUMN untrackedMilestones TEXT;
UPDATE ledgerHead SET untrackedMilestones = (
    SELECT group_concat(milestoneId || '/' || periodStartAtUtc || '/' || periodEndAtUtc || '/1')
    FROM milestone
    WHERE milestone.userId = ledgerHead.userId
        AND periodEndAtUtc IS NOT NULL
        AND partsAwardedCount < partsTotal
        AND instr(',' || activeMilestoneIds || ',', ',' || milestoneId || ',') = 0
);
"""
"""Milestones that gave up their place before are stale: nothing has counted what came later."""

_SHOWN_TO = """
ALTER TABLE workout ADD COLUMN shownToAthleteId TEXT;
ALTER TABLE stagedPage ADD COLUMN athleteId TEXT;
UPDATE workout SET shownToAthleteId = (
    SELECT athleteId FROM stravaConnection WHERE stravaConnection.userId = workout.userId
) WHERE source = 'STRAVA';
"""
"""Who showed a workout was not recorded before, and every connection was believed."""

_LEASES = """
CREATE INDEX jobByLeaseEnd ON job (dueAtUtc, jobKey) WHERE leaseToken != '';
"""
"""A lease ends sooner than other jobs may wait, so one that is too long is looked for among leases."""

_PUT_OFF = """
ALTER TABLE job ADD COLUMN isPutOff INTEGER NOT NULL DEFAULT 0;
"""

_SIGN_IN = """
ALTER TABLE profile ADD COLUMN providerUsername TEXT;
ALTER TABLE session ADD COLUMN userAgent TEXT;
"""

_AUDIT_CHAIN = """
DELETE FROM audit;
ALTER TABLE audit ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN latestBeforeUtc INTEGER;
ALTER TABLE audit ADD COLUMN previousDigest TEXT NOT NULL DEFAULT '';
ALTER TABLE audit ADD COLUMN digest TEXT NOT NULL DEFAULT '';
CREATE TABLE auditHead (
    userId TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    digest TEXT NOT NULL,
    latestAtUtc INTEGER,
    erasedSequence INTEGER NOT NULL,
    erasedDigest TEXT NOT NULL,
    brokenAt INTEGER NOT NULL,
    seal TEXT NOT NULL
) WITHOUT ROWID;
"""
"""No program wrote entries before; one that is in no chain would look forged."""

_GEOMETRIES = """
ALTER TABLE statueModel ADD COLUMN geometrySha256 TEXT;
CREATE TABLE statueGeometry (
    modelId TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (modelId, sha256)
);
"""

_GROUPS = """
ALTER TABLE job ADD COLUMN jobGroup TEXT NOT NULL DEFAULT '';
UPDATE job SET jobGroup = substr(kind, 1, instr(kind, '/') - 1)
    || coalesce('/' || (SELECT value FROM json_each(job.subject) LIMIT 1), '');
DROP INDEX jobByDueTime;
DROP INDEX jobByLeaseEnd;
CREATE INDEX jobByDueTime ON job (dueAtUtc, jobKey, jobGroup, kind);
CREATE INDEX jobByLeaseEnd ON job (dueAtUtc, jobKey, jobGroup, kind) WHERE leaseToken != '';
CREATE INDEX jobByGroup ON job (jobGroup, dueAtUtc, jobKey);
"""
"""Which athlete's, say, a job is: leasing is fair between groups, and the number of a group's is bounded."""

_GENERATIONS = """
ALTER TABLE ledgerHead ADD COLUMN connectionGeneration TEXT;
ALTER TABLE stravaConnection ADD COLUMN generation TEXT;
ALTER TABLE athleteOwner ADD COLUMN generation TEXT;
ALTER TABLE backfill ADD COLUMN generation TEXT;
ALTER TABLE backfill ADD COLUMN athleteId TEXT;
ALTER TABLE backfill ADD COLUMN connectionGeneration TEXT;
ALTER TABLE stagedPage ADD COLUMN generation TEXT;
"""
"""What was stored before has none, and nothing else tells it apart."""

_FLOWS = """
ALTER TABLE job ADD COLUMN correlationId TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN renewedCorrelationId TEXT;
UPDATE job SET renewedCorrelationId = '' WHERE renewedEvents IS NOT NULL;
ALTER TABLE parkedJob ADD COLUMN correlationId TEXT NOT NULL DEFAULT '';
"""

_GOALS = """
ALTER TABLE milestone ADD COLUMN goal TEXT;
ALTER TABLE milestone ADD COLUMN buckets TEXT;
"""

_RECURRING = "ALTER TABLE ledgerHead ADD COLUMN recurringGoals TEXT;"

_DELETIONS_ELSEWHERE = """
DROP TABLE deletion;
"""
"""No program wrote deletions before; they lie in a file beside this one."""

_HANDSHAKES_BY_USER = """
CREATE INDEX handshakeByUser ON handshake (userId) WHERE userId IS NOT NULL;
"""

_NAMES = """
ALTER TABLE milestone ADD COLUMN milestoneName TEXT;
ALTER TABLE milestone ADD COLUMN targetUnit TEXT;
ALTER TABLE milestone ADD COLUMN archivedAtUtc INTEGER;
"""

_CONSENT = "ALTER TABLE stravaConnection ADD COLUMN consentVersion INTEGER;"

_LAST_ERRORS = """
ALTER TABLE job ADD COLUMN lastError TEXT NOT NULL DEFAULT '';
"""

LAYOUTS = (
    _LEDGER,
    _SERVICE,
    _QUEUE,
    _GENERAL_JOBS,
    _MESHES,
    _BACKFILL_REPORT,
    _STAGES,
    _UNTRACKED,
    _SHOWN_TO,
    _LEASES,
    _PUT_OFF,
    _SIGN_IN,
    _AUDIT_CHAIN,
    _GEOMETRIES,
    _GROUPS,
    _GENERATIONS,
    _FLOWS,
    _GOALS,
    _RECURRING,
    _DELETIONS_ELSEWHERE,
    _HANDSHAKES_BY_USER,
    _NAMES,
    _CONSENT,
    _LAST_ERRORS,
)
"""The script of every layout, the first one first. Add a layout at the end."""


_DELETIONS = """
CREATE TABLE deletion (
    requestId TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    requestedAtUtc INTEGER NOT NULL,
    completedAtUtc INTEGER,
    stepsDone TEXT NOT NULL,
    stepsGivenUp TEXT NOT NULL,
    waits TEXT NOT NULL,
    failure TEXT NOT NULL,
    counts TEXT NOT NULL,
    verifications TEXT NOT NULL,
    ownerToken TEXT NOT NULL,
    receipt TEXT NOT NULL,
    identifiers TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX deletionByTime ON deletion (requestedAtUtc, requestId);

CREATE TABLE deletionKey (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    content TEXT NOT NULL
);
"""


@frozen
class Schema:
    """What the tables of a kind of file are.

    Attributes:
        application_id: marks a SQLite file as one of this kind.
        layouts: the script of every layout, the first one first.
    """

    application_id: int
    layouts: tuple[str, ...]


STORE = Schema(APPLICATION_ID, LAYOUTS)
DELETIONS = Schema(0x434F4C44, (_DELETIONS,))
"""Of the file beside a store ("COLD")."""
