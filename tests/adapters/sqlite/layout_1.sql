-- A store as layout 1 wrote it: samples.first_commit and samples.second_commit of the user "athlete".
PRAGMA application_id = 0x434F4C43;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
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
INSERT INTO "award" VALUES('athlete','ms-kept',1,'HERON','Part 1','heron_01.stl','peg_0',1000,1798761600,1767225600,'FILE','1');
INSERT INTO "award" VALUES('athlete','ms-kept',2,'HERON','Part 2','heron_02.stl','peg_1',2000,1798761600,1767225600,'FILE','1');
INSERT INTO "award" VALUES('athlete','ms-new',1,'HERON','Part 1','heron_01.stl','peg_0',1000,1798761600,1767225600,'FILE','1');
CREATE TABLE ledgerHead (
    userId TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    activeMilestoneIds TEXT NOT NULL,
    workoutCount INTEGER NOT NULL,
    fencedAtUtc INTEGER
) WITHOUT ROWID;
INSERT INTO "ledgerHead" VALUES('athlete',2,'ACTIVE','ms-kept,ms-new',0,NULL);
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
INSERT INTO "milestone" VALUES('athlete','ms-kept',2,'HERON','ANY','DISTANCE_METERS',12000,12,1767225600,NULL,2000,2000,0,NULL,NULL,NULL,NULL,1798761600,1798761600,NULL,NULL,NULL);
INSERT INTO "milestone" VALUES('athlete','ms-new',1,'HERON','ANY','DISTANCE_METERS',12000,12,1767225600,NULL,1000,1000,0,NULL,NULL,NULL,NULL,1798761600,1798761600,NULL,NULL,NULL);
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
INSERT INTO "workout" VALUES('athlete','FILE','kept',2,'Ride',1767225600,1002,0,0,0,'',NULL,0,1798761600,NULL);
INSERT INTO "workout" VALUES('athlete','FILE','new',1,'Ride',1767225600,1001,0,0,0,'',NULL,0,1798761600,NULL);
CREATE INDEX workoutByStart ON workout (userId, startDateUtc, source, activityId);
COMMIT;
